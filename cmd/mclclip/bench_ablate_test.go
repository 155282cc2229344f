package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestBenchAblateGoesOnWithWhatIsMissing(t *testing.T) {
	out := filepath.Join(t.TempDir(), "ablate")
	args := []string{"bench", "ablate", "--out", out, "--pairs", "256", "--pairs-per-feature", "4", "--base-steps", "2", "--threads", "1"}
	run := func(grid string) (table, stderr string) {
		t.Helper()
		code, table, stderr := mclclip(t, "", append(args[:len(args):len(args)], "--grid", grid)...)
		if code != codeDone {
			t.Fatalf("exit code %d, stderr %q", code, stderr)
		}
		return table, stderr
	}
	_, stderr := run("steps=2 clusters=3")
	if n := strings.Count(stderr, "$ mclclip finetune"); n != 2 {
		t.Errorf("%d runs, want the base and one", n)
	}
	table, stderr := run("steps=2 clusters=2,3 integrate=concat,sum")
	if n := strings.Count(stderr, "$ mclclip finetune"); n != 1 {
		t.Errorf("%d runs for a grown grid, want one more", n)
	}
	if got := readTrial(t, out, "ablate"); len(got.Scores) != 4*2*3 || len(got.Verdicts) != 4*2 {
		t.Errorf("%d scores, %d verdicts, table\n%s", len(got.Scores), len(got.Verdicts), table)
	}
	if again, stderr := run("steps=2 clusters=2,3 integrate=concat,sum"); again != table || strings.Contains(stderr, "$ mclclip") {
		t.Errorf("called again: stderr %q, table\n%s", stderr, again)
	}
}

// Runs that are there are of the settings that they began with, and must not be counted as those of others.
func TestBenchAblateRefusesOtherSettings(t *testing.T) {
	out := filepath.Join(t.TempDir(), "ablate")
	for _, test := range []struct {
		steps string
		code  int
	}{{"1", codeDone}, {"2", codeUsage}, {"1", codeDone}} {
		code, _, stderr := mclclip(t, "", "bench", "ablate", "--out", out, "--pairs", "256", "--pairs-per-feature", "4", "--base-steps", test.steps, "--threads", "1", "--grid", "steps=1 clusters=3")
		if code != test.code || strings.Contains(stderr, "other settings") != (code == codeUsage) {
			t.Errorf("--base-steps %s: exit code %d, stderr %q", test.steps, code, stderr)
		}
	}
}

func TestGridsThatCannotBe(t *testing.T) {
	for grid, want := range map[string]string{
		"": "empty", "clusters": "key=value", "clusters=8,": "key=value", "cluster=8": "clusters", "steps=2 steps=3": "twice",
		"clusters=8000": "--clusters", "stages=no": "stages=no", "integrate=product": "rule",
	} {
		code, _, stderr := mclclip(t, "", "bench", "ablate", "--out", filepath.Join(t.TempDir(), "x"), "--pairs", "256", "--grid", grid)
		if code != codeUsage || !strings.Contains(stderr, want) {
			t.Errorf("--grid %q: exit code %d, stderr %q, want %q", grid, code, stderr, want)
		}
	}
}
