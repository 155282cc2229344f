package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/train/metrics"
)

// A rate that is far too high ends the run with a word on it; lowered, the run goes on, but only if that is said to be meant.
// A run whose first update is too large has nothing to go on from; the same command with another rate starts anew, beside the records
// of the try before.
func TestARunThatDivergedAtOnceStartsAnew(t *testing.T) {
	pairs, run := drawPairs(t, 80), filepath.Join(t.TempDir(), "run")
	args := trainArgs(pairs, run, "--stages", "0", "--base-steps", "20", "--warmup", "0", "--save-every", "1")
	code, _, stderr := mclclip(t, "", append(args, "--base-lr", "1e36")...)
	for _, want := range []string{"after step 1", "lower --lr", "give the same command again with other settings"} {
		if code != codeError || !strings.Contains(stderr, want) || strings.Contains(stderr, "go on from") {
			t.Fatalf("exit code %d, stderr %q; want a word on %q and none on going on", code, stderr, want)
		}
	}
	if code, _, stderr := mclclip(t, "", append(args, "--base-lr", "1e-3")...); code != codeDone {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	steps, _, err := metrics.Read(filepath.Join(run, metrics.LinesFile))
	if err != nil || len(steps) != 20 || steps[0].LR != 1e-3 {
		t.Errorf("%d steps are recorded (%v), want 20 of the second try", len(steps), err)
	}
	if _, err := os.Stat(filepath.Join(run, "metrics-diverged-1.jsonl")); err != nil {
		t.Errorf("the records of the first try are gone: %v", err)
	}
}

func TestADivergedRunGoesOnWithALowerRate(t *testing.T) {
	pairs, run := drawPairs(t, 80), filepath.Join(t.TempDir(), "run")
	args := trainArgs(pairs, run, "--stages", "1", "--steps", "15", "--save-every", "1", "--wd", "0", "--base-lr", "1e-3")
	args = slices.Delete(args, slices.Index(args, "--lr"), slices.Index(args, "--lr")+2)
	code, _, stderr := mclclip(t, "", append(args, "--lr", "1e38")...)
	if code != codeError || !strings.Contains(stderr, "not finite") || !strings.Contains(stderr, "lower --lr") || !strings.Contains(stderr, "start stage-1 again with --resume --allow-changes") {
		t.Fatalf("exit code %d, stderr %q; want a word on values that are not finite and on the rate", code, stderr)
	}
	again := append(slices.Clone(args), "--lr", "1e-3", "--resume", "latest")
	code, _, stderr = mclclip(t, "", again...)
	if code != codeError || !strings.Contains(stderr, "--lr was ") || !strings.Contains(stderr, "--allow-changes") {
		t.Fatalf("exit code %d, stderr %q; want the setting that differs and what allows it", code, stderr)
	}
	if code, _, stderr = mclclip(t, "", append(again, "--allow-changes")...); code != codeDone {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	log, err := os.ReadFile(filepath.Join(run, "log.txt"))
	if err != nil || !strings.Contains(string(log), "--allow-changes: --lr was ") {
		t.Errorf("the log does not name the change (%v):\n%s", err, log)
	}
	if code, _, stderr := mclclip(t, "", append(args, "--allow-changes")...); code != codeUsage || !strings.Contains(stderr, "goes with --resume") {
		t.Errorf("without --resume: exit code %d, stderr %q", code, stderr)
	}
}
