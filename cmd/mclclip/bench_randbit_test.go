package main

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/bench/paired/trial"
)

// readTrial reads the JSON of an experiment and looks whether its figure can be shown.
func readTrial(t *testing.T, out, name string) (got struct {
	Scores   []trial.Score
	Verdicts []trial.Verdict
}) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(out, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	figure, err := os.Open(filepath.Join(out, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer figure.Close()
	if _, err := png.Decode(figure); err != nil {
		t.Errorf("%s.png: %v", name, err)
	}
	return got
}

func TestBenchRandBitWithPairs(t *testing.T) {
	out := filepath.Join(t.TempDir(), "randbit")
	args := []string{"bench", "randbit", "--method", "clip", "--out", out, "--bits", "0, 3", "--seeds", "1", "--pairs", "256", "--pairs-per-feature", "4",
		"--clusters", "3", "--base-steps", "2", "--steps", "2", "--threads", "1"}
	code, table, stderr := mclclip(t, "", args...)
	if code != codeDone || !strings.Contains(stderr, "$ mclclip finetune") {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	got := readTrial(t, out, "randbit")
	if len(got.Scores) != 2*2*4 || got.Scores[0].Of != 4 || len(got.Verdicts) != 4 || !strings.Contains(table, "control to integrated") {
		t.Errorf("scores %+v, verdicts %+v, table\n%s", got.Scores, got.Verdicts, table)
	}
	code, again, stderr := mclclip(t, "", args...)
	if code != codeDone || again != table || strings.Contains(stderr, "$ mclclip") {
		t.Errorf("called again: exit code %d, stderr %q, table\n%s", code, stderr, again)
	}
	if code, _, stderr := mclclip(t, "", append(args, "--lr", "0.5")...); code != codeUsage || !strings.Contains(stderr, "other settings") {
		t.Errorf("other settings: exit code %d, stderr %q", code, stderr)
	}
}

func TestBenchRandBitWithViews(t *testing.T) {
	out := filepath.Join(t.TempDir(), "randbit")
	args := []string{"bench", "randbit", "--out", out, "--bits", "3", "--seeds", "2", "--versions", "1", "--test-versions", "1", "--size", "16", "--clusters", "3", "--width", "2",
		"--stages", "1", "--batch-size", "32", "--groups", "2", "--base-steps", "2", "--steps", "2", "--threads", "1"}
	code, table, stderr := mclclip(t, "", args...)
	if code != codeDone {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	got := readTrial(t, out, "randbit")
	if len(got.Scores) != 2*4*6 || got.Scores[0].Of != 200 || len(got.Verdicts) != 6 {
		t.Errorf("%d scores, %d verdicts, table\n%s", len(got.Scores), len(got.Verdicts), table)
	}
	if code, again, stderr := mclclip(t, "", args...); code != codeDone || again != table || strings.Contains(stderr, "step") {
		t.Errorf("called again: exit code %d, stderr %q, table\n%s", code, stderr, again)
	}
	other := append(args[:len(args):len(args)], "--tau", "0.5")
	if code, _, stderr := mclclip(t, "", other...); code != codeUsage || !strings.Contains(stderr, "other settings") {
		t.Errorf("other settings: exit code %d, stderr %q", code, stderr)
	}
	for _, c := range [][2]string{{"--bits", "2,many"}, {"--method", "byol"}, {"--clusters", "9999"}, {"--seeds", "0"}} {
		args := []string{"bench", "randbit", "--out", out + "x", c[0], c[1]}
		if code, _, stderr := mclclip(t, "", args...); code != codeUsage || !strings.Contains(stderr, c[0]) {
			t.Errorf("%v: exit code %d, stderr %q", c, code, stderr)
		}
	}
}
