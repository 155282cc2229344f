package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/mclclip/mclclip/internal/testneed"
	"github.com/mclclip/mclclip/train/metrics"
)

// memorySample is the memory of a process after a number of steps.
type memorySample struct{ step, kilobytes float64 }

// make soak sets SOAK to the number of steps of the tiny model; its resident memory must not grow by more than 1 KB a step once
// a fifth of them is done.
func TestMemoryStaysFlatOverManySteps(t *testing.T) {
	steps, err := strconv.Atoi(os.Getenv("SOAK"))
	testneed.Require(t, "soak", err == nil, "run make soak")
	run := filepath.Join(t.TempDir(), "run")
	c := exec.CommandContext(t.Context(), os.Args[0], "finetune", "--pairs", filepath.Join(drawPairs(t, 512), "train-*.parquet"),
		"--model", "tiny", "--base-steps", strconv.Itoa(steps), "--batch-size", "8", "--stages", "0", "--threads", "1", "--workers", "1",
		"--save-every", "500", "--buffer", "1", "--out", run)
	c.Env = append(os.Environ(), asProgram+"=mclclip")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	var samples []memorySample
	for tick := time.NewTicker(time.Second); ; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			checkSlope(t, samples, float64(steps))
			return
		case <-tick.C:
			if s, ok := sampleOf(c.Process.Pid, run); ok {
				samples = append(samples, s)
			}
		}
	}
}

// sampleOf reads the resident memory of a process and how far its run is.
func sampleOf(pid int, run string) (s memorySample, ok bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return s, false
	}
	var size, resident int
	if _, err := fmt.Sscan(string(raw), &size, &resident); err != nil {
		return s, false
	}
	lines, err := os.ReadFile(filepath.Join(run, metrics.LinesFile))
	return memorySample{float64(bytes.Count(lines, []byte(`"loss"`))), float64(resident*os.Getpagesize()) / 1024}, err == nil
}

// checkSlope fits a line to the samples after the warm-up.
func checkSlope(t *testing.T, samples []memorySample, steps float64) {
	t.Helper()
	var n, x, y, xx, xy float64
	for _, s := range samples {
		if s.step < steps/5 {
			continue
		}
		n, x, y, xx, xy = n+1, x+s.step, y+s.kilobytes, xx+s.step*s.step, xy+s.step*s.kilobytes
	}
	if n < 20 {
		t.Fatalf("%g samples are too few", n)
	}
	slope := (n*xy - x*y) / (n*xx - x*x)
	t.Logf("%g samples over %g steps: %.0f MB resident on average, slope %.3f KB a step", n, steps, y/n/1024, slope)
	if slope > 1 {
		t.Errorf("resident memory grows by %.3f KB a step, want at most 1", slope)
	}
}
