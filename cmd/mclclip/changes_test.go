package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A rate that is far too high ends the run with a word on it; lowered, the run goes on, but only if that is said to be meant.
func TestADivergedRunGoesOnWithALowerRate(t *testing.T) {
	pairs, run := drawPairs(t, 80), filepath.Join(t.TempDir(), "run")
	args := trainArgs(pairs, run, "--stages", "0", "--base-steps", "30", "--save-every", "1", "--wd", "0")
	code, _, stderr := mclclip(t, "", append(args, "--base-lr", "1e38")...)
	if code != codeError || !strings.Contains(stderr, "not finite") || !strings.Contains(stderr, "lower --lr") {
		t.Fatalf("exit code %d, stderr %q; want a word on values that are not finite and on the rate", code, stderr)
	}
	again := append(args, "--base-lr", "1e-3", "--resume", "latest")
	code, _, stderr = mclclip(t, "", again...)
	if code != codeError || !strings.Contains(stderr, "--base-lr was ") || !strings.Contains(stderr, "--allow-changes") {
		t.Fatalf("exit code %d, stderr %q; want the setting that differs and what allows it", code, stderr)
	}
	if code, _, stderr = mclclip(t, "", append(again, "--allow-changes")...); code != codeDone {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	log, err := os.ReadFile(filepath.Join(run, "log.txt"))
	if err != nil || !strings.Contains(string(log), "--allow-changes: --base-lr was ") {
		t.Errorf("the log does not name the change (%v):\n%s", err, log)
	}
	if code, _, stderr := mclclip(t, "", append(args, "--allow-changes")...); code != codeUsage || !strings.Contains(stderr, "goes with --resume") {
		t.Errorf("without --resume: exit code %d, stderr %q", code, stderr)
	}
}
