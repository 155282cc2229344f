package mcl

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
)

// Every try that diverged stays under a name of its own, its checkpoints and its records.
func TestNoTryThatDivergedIsLost(t *testing.T) {
	run := &Run{dir: t.TempDir()}
	p := newPhase(run.dir, "stage", 0, true)
	for _, try := range []string{"first", "second"} {
		for _, path := range []string{filepath.Join(run.dir, metrics.LinesFile), filepath.Join(p.checkpoints(), "diverged-00000001")} {
			makeFile(t, path)
			if err := os.WriteFile(path, []byte(try), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := run.forget(p, train.ErrNothingSound); err == nil || hasBegun(run.dir) {
			t.Fatalf("%s try: got %v, and the folder holds a run: %v", try, err, hasBegun(run.dir))
		}
	}
	for path, want := range map[string]string{
		"metrics-diverged-1.jsonl":                         "first",
		"metrics-diverged-2.jsonl":                         "second",
		"stage-0/checkpoints-diverged-1/diverged-00000001": "first",
		"stage-0/checkpoints-diverged-2/diverged-00000001": "second",
	} {
		if got, err := os.ReadFile(filepath.Join(run.dir, path)); err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v), want that of the %s try", path, got, err, want)
		}
	}
}

// Batches of other pairs cannot go on in the middle of an epoch, and that is told; those of the same go on.
func TestAnEpochThatBeginsAnewIsTold(t *testing.T) {
	torchtest.NoLeak(t)
	c := smallRun()
	c.Stages, c.Control = 0, false
	index := sceneIndex(t, 160)
	for name, test := range map[string]struct {
		index *data.Index
		told  bool
	}{"the same pairs": {index, false}, "other pairs": {sceneIndex(t, 176), true}} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		err := startRun(t, dir, c, index, &stopper{text: "base", n: 2, stop: cancel}).Finish(ctx)
		cancel()
		if !errors.Is(err, train.ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		var log bytes.Buffer
		if err := startRun(t, dir, c, test.index, &log).Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(log.String(), "the epoch at hand begins anew"); told != test.told || !strings.Contains(log.String(), "goes on after step") {
			t.Errorf("%s: told %v, want %v:\n%s", name, told, test.told, &log)
		}
	}
}
