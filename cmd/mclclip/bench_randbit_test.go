package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBenchRandBit(t *testing.T) {
	out := filepath.Join(t.TempDir(), "randbit")
	args := []string{"bench", "randbit", "--out", out, "--bits", "0, 3", "--pairs", "256", "--pairs-per-feature", "4", "--clusters", "3",
		"--base-steps", "2", "--steps", "2", "--threads", "1"}
	code, table, stderr := mclclip(t, "", args...)
	if code != codeDone || !strings.Contains(stderr, "$ mclclip finetune") {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	lines := strings.Split(table, "\n")
	if len(lines) < 5 || !strings.HasPrefix(lines[1], "0 ") || !strings.HasPrefix(lines[2], "3 ") || strings.Count(lines[2], " / ") != 4 {
		t.Errorf("the table is\n%s", table)
	}
	raw, err := os.ReadFile(filepath.Join(out, "randbit.json"))
	if err != nil {
		t.Fatal(err)
	}
	var scores []bitScore
	if err := json.Unmarshal(raw, &scores); err != nil || len(scores) != 2 || scores[1].Of != 4 || len(scores[1].Right["control"]) != 2 {
		t.Errorf("scores are %+v, %v", scores, err)
	}
	code, again, stderr := mclclip(t, "", args...)
	if code != codeDone || again != table || strings.Contains(stderr, "$ mclclip") {
		t.Errorf("called again: exit code %d, stderr %q, table\n%s", code, stderr, again)
	}
	if code, _, stderr := mclclip(t, "", "bench", "randbit", "--out", out, "--bits", "2,many"); code != codeUsage || !strings.Contains(stderr, "--bits") {
		t.Errorf("words for bits: exit code %d, stderr %q", code, stderr)
	}
}
