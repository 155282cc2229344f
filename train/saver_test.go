package train

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// gate gives batches and tells when a number of them was asked for.
type gate struct {
	noise
	open func()
	at   int
}

func (g *gate) Next() (data.Batch, error) {
	if g.noise.next == g.at {
		g.open()
	}
	return g.noise.Next()
}

// The checkpoint of step 2 is held up until step 6 is done: training goes on meanwhile, the checkpoint is of step 2 all the same,
// and the one that was due at step 4 is made up for.
func TestACheckpointIsWrittenBesideTraining(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	cfg := testConfig(9)
	cfg.SaveEvery, cfg.Keep = 2, 9
	opened := make(chan struct{})
	defer atomicfile.Inject(func(op atomicfile.Op, path string) error {
		if op == atomicfile.OpSync && strings.Contains(path, "step-00000002") {
			<-opened
		}
		return nil
	})()
	trainer := tinyTrainer(t, cfg, tinyModel(t, 1))
	batches := &gate{noise: noise{size: 8}, at: 6, open: func() {
		close(opened)
		for len(trainer.saver.result) == 0 { // until the checkpoint is written
			time.Sleep(time.Millisecond)
		}
	}}
	if err := trainer.Run(t.Context(), batches, phase); err != nil {
		t.Fatal(err)
	}
	steps, err := checkpoint.List(phase.Dir)
	if err != nil || !slices.Equal(steps, []int{2, 7, 9}) && !slices.Equal(steps, []int{2, 7, 8, 9}) {
		t.Fatalf("there are checkpoints of %v (%v), want 2, 7, which makes up for those due meanwhile, and 9", steps, err)
	}
	model := tinyModel(t, 1)
	trainer = tinyTrainer(t, testConfig(9), model)
	for step := 1; step <= 2; step++ {
		if _, err := trainer.Step(noiseBatch(step, 8)); err != nil {
			t.Fatal(err)
		}
	}
	state, err := checkpoint.Load(phase.Dir + "/step-00000002")
	if err != nil {
		t.Fatal(err)
	}
	saved := map[string][]byte{}
	for _, tensor := range state.Tensors {
		saved[tensor.Name] = tensor.Data
	}
	if names := differing(weights(t, model), saved); len(names) > 0 {
		t.Errorf("the checkpoint that was held up is not of step 2: %v differ", names)
	}
}

func TestACheckpointThatFailsBesideTrainingEndsTheRun(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	cfg := testConfig(50)
	cfg.SaveEvery = 2
	defer atomicfile.Inject(func(op atomicfile.Op, path string) error {
		if op == atomicfile.OpWrite && !strings.Contains(path, "step-00000002") {
			return syscall.EIO
		}
		return nil
	})()
	err := tinyTrainer(t, cfg, tinyModel(t, 1)).Run(t.Context(), &noise{size: 8}, phase)
	if !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v, want EIO", err)
	}
	if state := newest(t, phase.Dir); state.Step != 2 {
		t.Errorf("the newest checkpoint is of step %d, want 2", state.Step)
	}
}

// A checkpoint on the way that failed does not keep the one of an interruption from being written: the disk may have room again.
func TestAFailureBeforeDoesNotHideThePresentSave(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	trainer := tinyTrainer(t, testConfig(50), tinyModel(t, 1))
	if _, err := trainer.Step(noiseBatch(1, 8)); err != nil {
		t.Fatal(err)
	}
	trainer.saver.start(func() error { return syscall.ENOSPC })
	if err := trainer.interrupt(phase); !errors.Is(err, ErrInterrupted) || errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want an interruption", err)
	}
	if state := newest(t, phase.Dir); state.Step != 1 {
		t.Errorf("the newest checkpoint is of step %d, want 1", state.Step)
	}
	defer atomicfile.Inject(func(op atomicfile.Op, path string) error { return syscall.EIO })()
	trainer.saver.start(func() error { return syscall.ENOSPC })
	if err := trainer.interrupt(phase); !errors.Is(err, syscall.EIO) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want the error of the save at hand in a line", err)
	}
}

func TestNothingIsWrittenAnyMoreWhenRunReturns(t *testing.T) {
	torchtest.NoLeak(t)
	for _, stopAt := range []int{2, 3, 5} {
		phase := silentPhase(t)
		cfg := testConfig(50)
		cfg.SaveEvery = 1
		trainer := tinyTrainer(t, cfg, tinyModel(t, 1))
		ctx, cancel := context.WithCancel(t.Context())
		batches := &gate{noise: noise{size: 8}, at: stopAt, open: cancel}
		if err := trainer.Run(ctx, batches, phase); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("got %v, want ErrInterrupted", err)
		}
		if trainer.saver.result != nil {
			t.Error("a checkpoint is still being written")
		}
		if state := newest(t, phase.Dir); state.Step != trainer.Done() {
			t.Errorf("the newest checkpoint is of step %d, want %d", state.Step, trainer.Done())
		}
	}
}

// In noise an epoch has three batches.
func TestCheckpointsAtTheEndOfEachEpoch(t *testing.T) {
	torchtest.NoLeak(t)
	cfg := testConfig(8)
	cfg.SaveEpochs, cfg.SaveMinutes = true, 0
	var steps []int
	trainer := tinyTrainer(t, cfg, tinyModel(t, 1))
	for trainer.done < cfg.Steps {
		if _, err := trainer.Step(noiseBatch(trainer.done+1, 8)); err != nil {
			t.Fatal(err)
		}
		if trainer.due(time.Now()) {
			steps = append(steps, trainer.done)
		}
	}
	if len(steps) != 2 || steps[0] != 3 || steps[1] != 6 {
		t.Errorf("checkpoints are due after the steps %v, want 3 and 6", steps)
	}
}

func TestOtherPairsOrLabelsBeginTheEpochAnew(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	phase.Batches = "80 pairs of aa"
	if err := tinyTrainer(t, testConfig(5), tinyModel(t, 1)).Run(t.Context(), &noise{size: 8}, phase); err != nil {
		t.Fatal(err)
	}
	path, _, err := checkpoint.Latest(phase.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for batches, want := range map[string]data.Cursor{"80 pairs of aa": {Epoch: 1, Batch: 2}, "81 pairs of bb": {Epoch: 1}} {
		trainer := tinyTrainer(t, testConfig(5), tinyModel(t, 1))
		if err := trainer.Resume(path, batches); err != nil {
			t.Fatal(err)
		}
		if got := trainer.Cursor(); trainer.Done() != 5 || got.Epoch != want.Epoch || got.Batch != want.Batch {
			t.Errorf("%s: goes on after step %d at %+v, want step 5 at %+v", batches, trainer.Done(), got, want)
		}
	}
}
