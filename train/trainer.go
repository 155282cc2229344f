package train

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// ErrInterrupted is what Run returns after it was asked to stop and has written a checkpoint.
var ErrInterrupted = errors.New("interrupted; go on with --resume")

// badStepsToStop is how many steps in a row may have a loss or gradient that is not finite before the run ends.
const badStepsToStop = 10

// Trainer owns the optimizer of a model and the place where a run stands.
type Trainer struct {
	cfg    Config
	model  *clip.Model
	inputs *clip.Inputs
	opt    *optimizer
	tape   *nn.Tape // nil: activations are kept for the backward pass

	done   int // steps done
	cursor data.Cursor
	bad    int // steps in a row that were not applied
	badSum int // all steps that were not applied

	texts TextFeatures // nil: by the text tower
	known []float32    // [B, E] text features of the batch at hand, where texts is not nil
}

// New makes a trainer for the parameters of the model that are trainable now. Close frees its tensors; the model is the
// caller's.
func New(cfg Config, model *clip.Model, pre clip.Preprocess) (t *Trainer, err error) {
	defer torch.Recover(&err)
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	opt := newOptimizer(model.Parameters())
	if len(opt.all) == 0 {
		return nil, errors.New("nothing is left to train: every parameter is locked")
	}
	t = &Trainer{cfg: cfg, model: model, inputs: clip.NewInputs(model, pre), opt: opt}
	if cfg.GradCheckpointing {
		t.keepNoActivations()
	}
	return t, nil
}

// Close frees the optimizer's tensors.
func (t *Trainer) Close() {
	t.opt.free()
	t.inputs.Free()
	t.model.SetTape(nil)
	t.tape.Reset()
}

// Done is the number of optimisation steps done.
func (t *Trainer) Done() int { return t.done }

// Cursor is the position in the data after the last step.
func (t *Trainer) Cursor() data.Cursor { return t.cursor }

// Skipped is the number of steps that were not applied because loss or gradients were not finite.
func (t *Trainer) Skipped() int { return t.badSum }

// Batches gives the batches of a run in order; data.Loader does.
type Batches interface {
	Next() (data.Batch, error)
	Recycle(data.Batch)
}

// Phase names a run inside a larger one and the places it writes to.
type Phase struct {
	Name   string          // "base", "stage-1", "control-1"
	Dir    string          // folder of the checkpoints
	Log    *metrics.Logger // steps and events
	Config any             // the resolved configuration that goes into each checkpoint
}

// Run trains until the configured number of steps is done and leaves a checkpoint of the last one. When ctx ends it
// finishes the step at hand, writes a checkpoint and returns ErrInterrupted; when the batches fail it writes one as well.
func (t *Trainer) Run(ctx context.Context, batches Batches, phase Phase) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	saved := time.Now()
	for t.done < t.cfg.Steps {
		start := time.Now()
		batch, err := batches.Next()
		if ctx.Err() != nil {
			return t.interrupt(phase)
		}
		if err != nil {
			return t.keep(phase, err)
		}
		waited := time.Since(start)
		result, err := t.Step(batch)
		if err != nil {
			return err
		}
		batches.Recycle(batch)
		if err := t.record(phase, result, time.Since(start), waited); err != nil {
			return err
		}
		if t.due(saved) {
			if err := t.save(phase); err != nil {
				return err
			}
			saved = time.Now()
		}
		if ctx.Err() != nil && t.done < t.cfg.Steps {
			return t.interrupt(phase)
		}
	}
	return t.save(phase)
}

func (t *Trainer) interrupt(phase Phase) error {
	if err := t.save(phase); err != nil {
		return err
	}
	phase.Log.Printf("%s: stopped after step %d of %d; go on with --resume", phase.Name, t.done, t.cfg.Steps)
	return ErrInterrupted
}

// keep saves what was done before the data failed, for instance by a shard that is gone.
func (t *Trainer) keep(phase Phase, failure error) error {
	if err := t.save(phase); err != nil {
		return fmt.Errorf("%w (nor could a checkpoint be written: %w)", failure, err)
	}
	return fmt.Errorf("%w; a checkpoint of step %d was written, go on with --resume", failure, t.done)
}

// due tells whether a checkpoint is to be written after this step.
func (t *Trainer) due(last time.Time) bool {
	if t.done >= t.cfg.Steps {
		return false // Run writes the last one
	}
	bySteps := t.cfg.SaveEvery > 0 && t.done%t.cfg.SaveEvery == 0
	byTime := t.cfg.SaveMinutes > 0 && time.Since(last) >= t.cfg.SaveMinutes
	return bySteps || byTime
}

// record logs a step and stops the run when too many in a row were not applied.
func (t *Trainer) record(phase Phase, r Result, took, waited time.Duration) error {
	seconds := took.Seconds()
	err := phase.Log.Step(metrics.Record{
		Phase: phase.Name, Step: t.done, Steps: t.cfg.Steps, Epoch: t.cursor.Epoch,
		Pairs: int64(t.done) * int64(t.cfg.GlobalBatch()),
		Loss:  r.Loss, LR: r.LR, LogitScale: r.LogitScale, GradNorm: r.GradNorm,
		BatchSeconds: seconds, DataSeconds: waited.Seconds(),
		PairsPerSecond: float64(t.cfg.GlobalBatch()) / seconds,
	})
	if err != nil {
		return err
	}
	if r.Applied {
		t.bad = 0
		return nil
	}
	t.bad++
	t.badSum++
	phase.Log.Printf("%s: step %d was not applied: loss %v, gradient norm %v", phase.Name, t.done, r.Loss, r.GradNorm)
	if t.bad < badStepsToStop {
		return nil
	}
	return fmt.Errorf("%s: the loss or its gradient was not finite in %d steps in a row; lower --lr, set --grad-clip-norm 1, or use --precision fp32", phase.Name, t.bad)
}

// meta is the run's own part of a checkpoint.
type meta struct {
	Phase   string      `json:"phase"`
	Cursor  data.Cursor `json:"cursor"`
	Skipped int         `json:"skipped_steps"`
	Config  any         `json:"config"`
}

func (t *Trainer) save(phase Phase) (err error) {
	defer torch.Recover(&err)
	state, err := t.state(phase)
	if err != nil {
		return err
	}
	if _, err := checkpoint.Save(phase.Dir, state); err != nil {
		return err
	}
	if err := phase.Log.Event(metrics.Event{Name: "checkpoint", Phase: phase.Name, Step: t.done}); err != nil {
		return err
	}
	return checkpoint.Prune(phase.Dir, t.cfg.Keep)
}
