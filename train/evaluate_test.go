package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// scripted gives the evaluations of a run by the number of steps done; it notes the weights that were evaluated.
type scripted struct {
	t       *testing.T
	trainer *Trainer
	losses  map[int]float64
	seen    map[int]map[string][]byte
}

func script(t *testing.T, trainer *Trainer, losses map[int]float64) *scripted {
	s := &scripted{t, trainer, losses, map[int]map[string][]byte{}}
	trainer.UseEvaluation("v1", func(context.Context) (clip.HeldOut, error) {
		step := trainer.Done()
		loss, ok := s.losses[step]
		if !ok {
			t.Errorf("evaluated after step %d", step)
		}
		s.seen[step] = weights(t, trainer.model)
		return clip.HeldOut{Loss: loss}, nil
	})
	return s
}

func earlyStop(steps, every, patience int) Config {
	cfg := testConfig(steps)
	cfg.ValEvery, cfg.EarlyStop, cfg.EMA, cfg.Keep = every, patience, 0.5, 1
	return cfg
}

var falling = map[int]float64{0: 3, 2: 2, 4: 1, 6: 1.5, 8: 1, 10: 2} // the lowest is after step 4; equal is not lower

func TestTrainingEndsWhenNothingGetsBetter(t *testing.T) {
	torchtest.NoLeak(t)
	model := tinyModel(t, 2)
	trainer := tinyTrainer(t, earlyStop(50, 2, 3), model)
	s := script(t, trainer, falling)
	if err := trainer.Run(t.Context(), &noise{size: 8}, silentPhase(t)); err != nil {
		t.Fatal(err)
	}
	if trainer.Done() != 10 {
		t.Errorf("ended after step %d, want 10", trainer.Done())
	}
	if names := differing(s.seen[4], weights(t, model)); len(names) > 0 {
		t.Errorf("the weights are not those that were best: %v", names)
	}
	if len(differing(s.seen[10], weights(t, model))) == 0 || len(s.seen) != len(falling) {
		t.Error("the last weights are the best ones: nothing is shown")
	}
}

func TestWithoutEarlyStopEvaluationsChangeNothing(t *testing.T) {
	torchtest.NoLeak(t)
	end := func(evaluate bool) map[string][]byte {
		cfg := earlyStop(10, 4, 0)
		model := tinyModel(t, 2)
		trainer := tinyTrainer(t, cfg, model)
		if evaluate {
			script(t, trainer, map[int]float64{0: 1, 4: 2, 8: 3, 10: 4})
		}
		if err := trainer.Run(t.Context(), &noise{size: 8}, silentPhase(t)); err != nil {
			t.Fatal(err)
		}
		return weights(t, model)
	}
	if names := differing(end(false), end(true)); len(names) > 0 {
		t.Errorf("evaluations changed %v", names)
	}
}

func TestWithoutAnIntervalTheLastStepAloneIsEvaluated(t *testing.T) {
	torchtest.NoLeak(t)
	trainer := tinyTrainer(t, earlyStop(4, 0, 0), tinyModel(t, 2))
	s := script(t, trainer, map[int]float64{4: 1})
	if err := trainer.Run(t.Context(), &noise{size: 8}, silentPhase(t)); err != nil || len(s.seen) != 1 {
		t.Errorf("got %v after %d evaluations, want one", err, len(s.seen))
	}
}

// Killed after step 6, which is later than the best one, and after step 5 with the checkpoint of step 4 alone.
func TestAResumedRunRemembersTheBest(t *testing.T) {
	for _, keep := range []int{6, 4} {
		torchtest.NoLeak(t)
		whole := tinyModel(t, 2)
		trainer := tinyTrainer(t, earlyStop(50, 2, 3), whole)
		script(t, trainer, falling)
		if err := trainer.Run(t.Context(), &noise{size: 8}, silentPhase(t)); err != nil {
			t.Fatal(err)
		}
		phase := silentPhase(t)
		cfg := earlyStop(50, 2, 3)
		broken := tinyTrainer(t, cfg, tinyModel(t, 2))
		script(t, broken, falling)
		if err := broken.Run(t.Context(), &noise{size: 8, stopAt: 6}, phase); !errors.Is(err, errEnough) {
			t.Fatalf("got %v, want the end of the batches", err)
		}
		if keep == 4 {
			if err := os.RemoveAll(checkpoint.PathOf(phase.Dir, 6)); err != nil {
				t.Fatal(err)
			}
		}
		path, _, err := checkpoint.Latest(phase.Dir)
		if err != nil {
			t.Fatal(err)
		}
		model := tinyModel(t, 3)
		again := tinyTrainer(t, cfg, model)
		if err := again.Resume(path, ""); err != nil {
			t.Fatal(err)
		}
		if again.Done() != keep {
			t.Fatalf("resumed after step %d, want %d", again.Done(), keep)
		}
		script(t, again, falling)
		if err := again.Run(t.Context(), &noise{size: 8, next: keep}, phase); err != nil {
			t.Fatal(err)
		}
		if names := differing(weights(t, whole), weights(t, model)); len(names) > 0 || again.Done() != 10 {
			t.Errorf("ended after step %d; these weights differ from the uninterrupted run's: %v", again.Done(), names)
		}
	}
}

// A loss on other held-out pairs says nothing of the best model: the evaluations begin anew, and the best is found among theirs.
func TestTheBestOnOtherHeldOutPairsIsForgotten(t *testing.T) {
	for pairs, want := range map[string]struct{ best, done int }{"v1": {4, 10}, "v2": {8, 14}} {
		torchtest.NoLeak(t)
		phase, cfg := silentPhase(t), earlyStop(50, 2, 3)
		broken := tinyTrainer(t, cfg, tinyModel(t, 2))
		script(t, broken, falling)
		if err := broken.Run(t.Context(), &noise{size: 8, stopAt: 6}, phase); !errors.Is(err, errEnough) {
			t.Fatalf("got %v, want the end of the batches", err)
		}
		again := tinyTrainer(t, cfg, tinyModel(t, 3))
		if err := again.Resume(checkpoint.PathOf(phase.Dir, 6), ""); err != nil {
			t.Fatal(err)
		}
		losses := map[int]float64{6: 9, 8: 8, 10: 9, 12: 9, 14: 9}
		again.UseEvaluation(pairs, func(context.Context) (clip.HeldOut, error) {
			return clip.HeldOut{Loss: losses[again.Done()]}, nil
		})
		if err := again.Run(t.Context(), &noise{size: 8, next: 6}, phase); err != nil {
			t.Fatal(err)
		}
		if again.evals.Best != want.best || again.Done() != want.done {
			t.Errorf("held-out pairs %s: the best is of step %d and the run ended after %d, want %d and %d", pairs, again.evals.Best, again.Done(), want.best, want.done)
		}
	}
}

func TestALostBestCheckpointIsSaid(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	trainer := tinyTrainer(t, earlyStop(50, 2, 3), tinyModel(t, 2))
	s := script(t, trainer, falling)
	trainer.UseEvaluation("v1", func(context.Context) (clip.HeldOut, error) {
		if trainer.Done() == 10 {
			_ = os.RemoveAll(filepath.Join(checkpoint.PathOf(phase.Dir, 4)))
		}
		return clip.HeldOut{Loss: s.losses[trainer.Done()]}, nil
	})
	if err := trainer.Run(t.Context(), &noise{size: 8}, phase); err == nil || !strings.Contains(err.Error(), "best weights") {
		t.Errorf("got %v, want a complaint about the best weights", err)
	}
}
