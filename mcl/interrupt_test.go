package mcl

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train"
)

// A user who is told that a run can go on must find a checkpoint.
func TestAnInterruptionThatCannotBeSavedIsAnError(t *testing.T) {
	torchtest.NoLeak(t)
	dir, c := t.TempDir(), smallRun()
	c.Train.SaveEvery, c.Base.SaveEvery = 0, 0
	defer atomicfile.Inject(func(op atomicfile.Op, path string) error {
		if op == atomicfile.OpWrite && strings.HasPrefix(path, filepath.Join(dir, baseDir, checkpointsDir)) {
			return syscall.ENOSPC
		}
		return nil
	})()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	run := startRun(t, dir, c, sceneIndex(t, 160), &stopper{text: "base", n: 2, stop: cancel})
	if err := run.Finish(ctx); !errors.Is(err, syscall.ENOSPC) || errors.Is(err, train.ErrInterrupted) {
		t.Errorf("got %v, want the disk to be full and no word of an interruption", err)
	}
}

// Interrupted before it embeds anything, a run leaves no empty file; what a killed process left, half a file under a temporary
// name and the checkpoints of a model that is done, goes when the run goes on.
func TestNothingIsLeftOfAnEmbeddingThatWasStopped(t *testing.T) {
	torchtest.NoLeak(t)
	dir, c := t.TempDir(), smallRun()
	c.Stages, c.Control = 1, false
	index := sceneIndex(t, 160)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	restore := atomicfile.Inject(func(op atomicfile.Op, path string) error {
		if op == atomicfile.OpRename && strings.HasPrefix(path, filepath.Join(dir, baseDir, modelDir)) {
			cancel() // between the base model and its features
		}
		return nil
	})
	err := startRun(t, dir, c, index, io.Discard).Finish(ctx)
	restore()
	if !errors.Is(err, train.ErrInterrupted) {
		t.Fatalf("got %v, want ErrInterrupted", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "stage-1", "*")); len(left) > 0 {
		t.Errorf("%v were left", left)
	}
	lost := filepath.Join(dir, "stage-1", ".labels.parquet.tmp-0123456789abcdef")
	checkpoint := filepath.Join(dir, baseDir, checkpointsDir, "step-00000004", "model.safetensors")
	makeFile(t, lost)
	aside := filepath.Join(dir, baseDir, "checkpoints-diverged-1", "step-00000001", "model.safetensors")
	makeFile(t, checkpoint)
	makeFile(t, aside)
	if err := startRun(t, dir, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{lost, checkpoint, aside} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s stayed", path)
		}
	}
}

// stopping is a Nearest that ends a context in the nth call.
type stopping struct {
	HostNearest
	calls, n int
	stop     context.CancelFunc
}

func (s *stopping) Assign(x []float32, cluster []int32) error {
	if s.calls++; s.calls == s.n {
		s.stop()
	}
	return s.HostNearest.Assign(x, cluster)
}

func TestKMeansEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	features := &Matrix{Data: []float32{0, 1, 5, 6, 10, 11, 15, 16}, Columns: 1}
	config := DefaultKMeansConfig()
	config.Clusters = 3
	nearest := &stopping{n: 4, stop: cancel}
	_, err := KMeans(features, untilDone{ctx, nearest}, config)
	if !errors.Is(err, context.Canceled) || nearest.calls != nearest.n {
		t.Errorf("got %v after %d passes, want the end of the context after %d", err, nearest.calls, nearest.n)
	}
}
