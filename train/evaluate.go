package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// Evaluate scores the model that is trained, as it is now, on pairs that it does not train on.
type Evaluate func(ctx context.Context) (clip.HeldOut, error)

// UseEvaluation says how the model is evaluated every ValEvery steps, before the first and after the last; with ValEvery 0 after the
// last alone. pairs identifies the held-out pairs: a loss on others, of which a checkpoint may tell, is not compared with one on these.
func (t *Trainer) UseEvaluation(pairs string, f Evaluate) { t.evaluation, t.heldOut = f, pairs }

// evaluated is what the evaluations so far have shown. It goes into checkpoints.
type evaluated struct {
	At    int     `json:"at"`    // steps done at the last one; -1: there was none
	Best  int     `json:"best"`  // steps done at the one with the lowest loss; -1: there was none
	Prior int     `json:"prior"` // steps done at the best one before
	Loss  float64 `json:"loss"`  // of the best one
	Worse int     `json:"worse"` // evaluations since the best one
	Pairs string  `json:"pairs"` // that all of these are of
}

var notEvaluated = evaluated{At: -1, Best: -1, Prior: -1}

// stopped tells whether the evaluations have shown no better model for long enough.
func (t *Trainer) stopped() bool { return t.cfg.EarlyStop > 0 && t.evals.Worse >= t.cfg.EarlyStop }

// evaluate scores the model where that is due. A model that is better than all before stays on the disk as a checkpoint.
func (t *Trainer) evaluate(ctx context.Context, phase Phase) error {
	if t.evaluation != nil && t.evals.Pairs != t.heldOut {
		t.evals = notEvaluated
		t.evals.Pairs = t.heldOut
	}
	due := t.done >= t.cfg.Steps || t.cfg.ValEvery > 0 && t.done%t.cfg.ValEvery == 0
	if t.evaluation == nil || t.evals.At == t.done || !due {
		return nil
	}
	t.opt.average.swap()
	score, err := t.evaluation(ctx)
	t.opt.average.swap()
	if err != nil {
		return err
	}
	better := t.evals.Best < 0 || score.Loss < t.evals.Loss
	t.evals.At = t.done
	t.evals.Worse++
	if better && !math.IsNaN(score.Loss) {
		t.evals = evaluated{At: t.done, Best: t.done, Prior: t.evals.Best, Loss: score.Loss, Pairs: t.heldOut}
	}
	err = phase.Log.Event(metrics.Event{
		Name: "evaluation", Phase: phase.Name, Step: t.done, Text: t.told(phase, score),
		Values: map[string]float64{"val/clip_val_loss": score.Loss, "val/image_to_text_R@1": score.ImageToText, "val/text_to_image_R@1": score.TextToImage},
	})
	if err == nil && t.cfg.EarlyStop > 0 && t.evals.Best == t.done {
		err = t.save(phase)
	}
	return err
}

// told is an evaluation for people.
func (t *Trainer) told(phase Phase, score clip.HeldOut) string {
	text := fmt.Sprintf("%s: step %d, held-out pairs: loss %.4f, image to text R@1 %.1f %%, text to image R@1 %.1f %%",
		phase.Name, t.done, score.Loss, 100*score.ImageToText, 100*score.TextToImage)
	if t.evals.Best != t.done {
		text += fmt.Sprintf("; the loss was lower at step %d, %.4f", t.evals.Best, t.evals.Loss)
	}
	return text
}

// bests are the steps whose checkpoints are not to be deleted.
func (t *Trainer) bests() []int {
	if t.cfg.EarlyStop == 0 {
		return nil
	}
	return []int{t.evals.Best, t.evals.Prior}
}

// takeBest brings back the weights of the best evaluation, with their average.
func (t *Trainer) takeBest(phase Phase) (err error) {
	defer torch.Recover(&err)
	if t.cfg.EarlyStop == 0 || t.evals.Best < 0 || t.evals.Best == t.done {
		return nil
	}
	phase.Log.Printf("%s: ends after step %d with the weights of step %d, whose loss on held-out pairs is the lowest, %.4f", phase.Name, t.done, t.evals.Best, t.evals.Loss)
	state, err := checkpoint.Load(checkpoint.PathOf(phase.Dir, t.evals.Best))
	if err != nil {
		return fmt.Errorf("%s: the best weights are those of a checkpoint that is gone: %w", phase.Name, err)
	}
	return errors.Join(t.model.SetWeights(state.Tensors), t.opt.load(state.Optimizer))
}
