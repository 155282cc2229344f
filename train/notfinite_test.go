package train

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// spoilt gives text features of noise in which the batches of the steps from..to have one value that is not finite.
type spoilt struct {
	from, to int
	value    float32
}

func (s *spoilt) Features(rows []int64, _ []int32) ([]float32, error) {
	step := int(rows[0]) / len(rows)
	out := make([]float32, len(rows)*tinyConfig().EmbedDim)
	for i := range out {
		out[i] = float32(math.Sin(float64(rows[i/16]*31 + int64(i))))
	}
	if step >= s.from && step <= s.to {
		out[7] = s.value
	}
	return out, nil
}

// textsTrainer trains the image tower against features from texts.
func textsTrainer(t *testing.T, cfg Config, texts TextFeatures) (*Trainer, *clip.Model) {
	t.Helper()
	model := tinyModel(t, 1)
	model.LockText(0)
	trainer := tinyTrainer(t, cfg, model)
	trainer.UseTexts(texts)
	return trainer, model
}

func newest(t *testing.T, dir string) checkpoint.State {
	t.Helper()
	path, _, err := checkpoint.Latest(dir)
	if err != nil {
		t.Fatal(err)
	}
	state, err := checkpoint.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestAStepThatIsNotFiniteIsNotAppliedAndCounted(t *testing.T) {
	torchtest.NoLeak(t)
	for _, value := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		trainer, model := textsTrainer(t, testConfig(4), &spoilt{from: 5, to: 7, value: value})
		phase := silentPhase(t)
		if err := trainer.Run(t.Context(), &noise{size: 8}, phase); err != nil {
			t.Fatal(err)
		}
		before := weights(t, model)
		trainer.cfg.Steps = 7
		if err := trainer.Run(t.Context(), &noise{size: 8, next: 4}, phase); err != nil {
			t.Fatal(err)
		}
		if names := differing(before, weights(t, model)); len(names) > 0 || trainer.Skipped() != 3 || trainer.Done() != 7 {
			t.Errorf("%v: %d steps, %d not applied, want 7 and 3; they changed %v", value, trainer.Done(), trainer.Skipped(), names)
		}
		trainer.cfg.Steps = 8
		if err := trainer.Run(t.Context(), &noise{size: 8, next: 7}, phase); err != nil {
			t.Fatal(err)
		}
		if names := differing(before, weights(t, model)); len(names) == 0 {
			t.Error("the sound step after them changed nothing: the comparison sees nothing")
		}
	}
}

// After ten in a row the run ends with a checkpoint of the state before them, whatever checkpoints were due meanwhile.
func TestManyStepsThatAreNotFiniteEndTheRunAtTheLastGoodState(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	cfg := testConfig(50)
	cfg.SaveEvery = 3
	trainer, model := textsTrainer(t, cfg, &spoilt{from: 6, to: 100, value: float32(math.NaN())})
	err := trainer.Run(t.Context(), &noise{size: 8}, phase)
	for _, want := range []string{"10 steps in a row after step 5", "--lr", "--precision fp32"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a word on %q", err, want)
		}
	}
	state := newest(t, phase.Dir)
	if state.Step != 5 || notFinite(state.Tensors) != "" {
		t.Fatalf("the newest checkpoint is of step %d, want 5", state.Step)
	}
	sound, reference := textsTrainer(t, testConfig(50), &spoilt{})
	for step := 1; step <= 5; step++ {
		if _, err := sound.Step(noiseBatch(step, 8)); err != nil {
			t.Fatal(err)
		}
	}
	if names := differing(weights(t, reference), weights(t, model)); len(names) > 0 {
		t.Errorf("the state is not that after five sound steps: %v differ", names)
	}
	again, _ := textsTrainer(t, cfg, &spoilt{})
	if err := again.Resume(filepath.Join(phase.Dir, "step-00000005"), ""); err != nil || again.Done() != 5 || again.Cursor().Batch != 2 {
		t.Errorf("resumed after step %d at %+v (%v), want step 5 at batch 2", again.Done(), again.Cursor(), err)
	}
}

// One update at a rate at which the weights stay finite and every loss after it is not: its checkpoint must not be the newest.
func TestAnUpdateThatGoesTooFarIsNotWhereTheRunGoesOn(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	cfg := testConfig(40)
	cfg.SaveEvery, cfg.Keep, cfg.WeightDecay, cfg.Scheduler, cfg.Warmup = 1, 9, 0, "const", 0
	model := tinyModel(t, 1)
	trainer := tinyTrainer(t, cfg, model)
	trainer.cfg.Steps = 3
	if err := trainer.Run(t.Context(), &noise{size: 8}, phase); err != nil {
		t.Fatal(err)
	}
	trainer.cfg.Steps, trainer.cfg.LR = 40, 1e36
	err := trainer.Run(t.Context(), &noise{size: 8, next: 3}, phase)
	for _, want := range []string{"after step 4", "too large already", "--lr", "the checkpoint before it"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a word on %q", err, want)
		}
	}
	if all, err := model.Weights(); err != nil || notFinite(all) != "" {
		t.Fatalf("the weights are not finite (%v): the test shows nothing", err)
	}
	if state := newest(t, phase.Dir); state.Step != 3 {
		t.Errorf("the newest checkpoint is of step %d, want 3", state.Step)
	}
}

// The first update goes too far, or not even the first step can be applied: there is nothing to go on from, and that is said.
func TestARunThatDivergesAtOnceHasNothingToGoOnFrom(t *testing.T) {
	torchtest.NoLeak(t)
	for name, test := range map[string]struct {
		rate  float64
		texts *spoilt
		want  string
	}{
		"first update":     {1e36, nil, "after step 1, whose weights are too large already"},
		"infinite weights": {1e38, &spoilt{}, "is not finite after step 1"},
		"first step":       {1e-3, &spoilt{from: 1, to: 100, value: float32(math.NaN())}, "after step 0, so nothing was learned"},
	} {
		cfg := testConfig(40)
		cfg.SaveEvery, cfg.Keep, cfg.WeightDecay, cfg.Scheduler, cfg.Warmup, cfg.LR = 1, 9, 0, "const", 0, test.rate
		if test.texts != nil {
			cfg.WeightDecay = test.rate
		}
		trainer := tinyTrainer(t, cfg, tinyModel(t, 1))
		if test.texts != nil {
			trainer, _ = textsTrainer(t, cfg, test.texts)
		}
		err := trainer.Run(t.Context(), &noise{size: 8}, silentPhase(t))
		if !errors.Is(err, ErrNothingSound) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "lower --lr") ||
			strings.Contains(err.Error(), "go on from") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want a line with %q and nothing to go on from", name, err, test.want)
		}
	}
}

// What a resume began with is not set aside where it could apply no step: it may be the pairs or the precision.
func TestAResumeThatAppliesNoStepKeepsItsCheckpoint(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	trainer, _ := textsTrainer(t, testConfig(3), &spoilt{})
	if err := trainer.Run(t.Context(), &noise{size: 8}, phase); err != nil {
		t.Fatal(err)
	}
	again, _ := textsTrainer(t, testConfig(40), &spoilt{from: 4, to: 100, value: float32(math.NaN())})
	if err := again.Resume(checkpoint.PathOf(phase.Dir, 3), ""); err != nil {
		t.Fatal(err)
	}
	err := again.Run(t.Context(), &noise{size: 8, next: 3}, phase)
	for _, want := range []string{"10 steps in a row after step 3", "no step since the resume", "--lr", "--precision", "pairs"} {
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrNothingSound) || strings.Contains(err.Error(), "too large") {
			t.Errorf("got %v, want a word on %q and a run that can go on", err, want)
		}
	}
	if state := newest(t, phase.Dir); state.Step != 3 {
		t.Errorf("the newest checkpoint is of step %d, want 3", state.Step)
	}
}

// Only where no checkpoint is there is there nothing to go on from: a disk that fails for a moment must not cost any.
func TestCheckpointsThatCannotBeReadAreNotTakenForNone(t *testing.T) {
	phase := Phase{Dir: filepath.Join(t.TempDir(), "checkpoints")}
	if err := goOnBefore(phase, errDiverged); !errors.Is(err, ErrNothingSound) {
		t.Errorf("without checkpoints: got %v", err)
	}
	if err := os.WriteFile(phase.Dir, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	unlisted := goOnBefore(phase, errDiverged)
	if err := errors.Join(os.Remove(phase.Dir), os.MkdirAll(checkpoint.PathOf(phase.Dir, 2), 0o777)); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"listed": unlisted, "read": goOnBefore(phase, errDiverged)} {
		if !errors.Is(err, errDiverged) || errors.Is(err, ErrNothingSound) || !strings.Contains(err.Error(), "could not be read") {
			t.Errorf("checkpoints that cannot be %s: got %v", name, err)
		}
	}
}

// A rate at which one update makes the weights infinite: the loss and gradient before it were finite.
func TestWeightsThatAreNotFiniteAreNotSaved(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	cfg := testConfig(2)
	trainer, model := textsTrainer(t, cfg, &spoilt{})
	if err := trainer.Run(t.Context(), &noise{size: 8}, phase); err != nil {
		t.Fatal(err)
	}
	trainer.cfg.Steps, trainer.cfg.LR, trainer.cfg.WeightDecay, trainer.cfg.SaveEvery = 30, 1e38, 1e38, 1
	err := trainer.Run(t.Context(), &noise{size: 8, next: 2}, phase)
	if err == nil || !strings.Contains(err.Error(), "not finite") || !strings.Contains(err.Error(), "--lr") {
		t.Errorf("got %v, want a word on weights that are not finite and on --lr", err)
	}
	all, weightsErr := model.Weights()
	if weightsErr != nil || notFinite(all) == "" {
		t.Fatal("the weights are finite: the test shows nothing")
	}
	if state := newest(t, phase.Dir); notFinite(state.Tensors) != "" {
		t.Errorf("the checkpoint of step %d holds weights that are not finite", state.Step)
	}
}
