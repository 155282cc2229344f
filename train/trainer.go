package train

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/fault"
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/train/trace"
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

	position
	good    position   // after the last step that was applied
	applied data.Batch // of that step
	anew    bool       // the epoch at hand, by Resume
	saver   saver

	texts      TextFeatures // nil: by the text tower
	evaluation Evaluate     // nil: there are no held-out pairs
	heldOut    string       // identity of the held-out pairs

	base     *base     // nil: nothing is held near it
	distance float64   // of the features of the last step from the base's
	known    []float32 // [B, E] text features of the batch at hand, where texts is not nil
	trace    *trace.Recorder
}

// position is where a run stands.
type position struct {
	done   int         // steps done
	cursor data.Cursor // position in the data after them
	bad    int         // steps in a row that were not applied
	badSum int         // all steps that were not applied
	evals  evaluated
}

// New makes a trainer for the parameters of the model that are trainable now. Close frees its tensors; the model is the
// caller's.
func New(cfg Config, model *clip.Model, pre clip.Preprocess) (t *Trainer, err error) {
	defer torch.Recover(&err)
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	opt := newOptimizer(model.Parameters(), func(name string) float64 { return cfg.rate(model.Layer(name)) })
	opt.average = newAverage(cfg.EMA, model.Parameters())
	if len(opt.all) == 0 {
		opt.free()
		return nil, errors.New("nothing is left to train: every parameter is locked")
	}
	t = &Trainer{cfg: cfg, model: model, inputs: clip.NewInputs(model, pre), opt: opt, position: position{evals: notEvaluated}}
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
	Name    string          // "base", "stage-1", "control-1"
	Dir     string          // folder of the checkpoints
	Log     *metrics.Logger // steps and events
	Config  any             // the resolved configuration that goes into each checkpoint
	Batches string          // identity of what the batches are composed from: pairs and labels
}

// Run trains until the configured number of steps is done, leaves a checkpoint of the last one, and then makes the model what
// is to be used of it, see Preserve. When ctx ends it finishes the step at hand, writes a checkpoint and returns
// ErrInterrupted; when the batches fail it writes one as well.
// Checkpoints on the way are written beside training, and none is being written any more when Run returns.
func (t *Trainer) Run(ctx context.Context, batches Batches, phase Phase) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer func() {
		if failed := t.saver.wait(); failed != nil {
			err = alsoFailed(err, failed)
		}
	}()
	if err := t.evaluate(ctx, phase); err != nil {
		return t.orInterrupt(ctx, phase, err)
	}
	t.good, t.applied = t.position, data.Batch{}
	saved := time.Now()
	for t.done < t.cfg.Steps && !t.stopped() {
		start := time.Now()
		wait := t.trace.Begin("data wait")
		batch, err := batches.Next()
		wait()
		if ctx.Err() != nil {
			return t.interrupt(phase)
		}
		if err != nil {
			return t.keep(phase, err)
		}
		waited, epoch := time.Since(start), t.cursor.Epoch
		result, err := t.Step(batch)
		if err != nil {
			return t.cfg.memoryHint(fmt.Errorf("step %d: %w", t.done+1, err))
		}
		t.recycle(batches, batch, result.Applied)
		fault.Point("train.step")
		if err := t.record(phase, result, epoch, time.Since(start), waited); err != nil {
			return err
		}
		if err := t.evaluate(ctx, phase); err != nil {
			return t.orInterrupt(ctx, phase, err)
		}
		due := t.due(saved)
		if due {
			saved = time.Now()
		}
		if err := t.saveBeside(phase, due); err != nil {
			return err
		}
		if ctx.Err() != nil && t.done < t.cfg.Steps {
			return t.interrupt(phase)
		}
	}
	if t.badSum > 0 {
		phase.Log.Printf("%s: %d of %d steps were not applied, %d of them at the end", phase.Name, t.badSum, t.done, t.bad)
	}
	if err := t.save(phase); err != nil {
		return err
	}
	return t.finish(phase)
}

// finish makes the model what the run is for: the best weights, where they are looked for, or their average, where one was
// kept, with low-rank matrices merged.
func (t *Trainer) finish(phase Phase) (err error) {
	defer torch.Recover(&err)
	if err := t.takeBest(phase); err != nil {
		return err
	}
	t.opt.average.swap()
	return t.model.MergeLoRA()
}

// orInterrupt is what becomes of an evaluation that failed, most often because the run was asked to stop.
func (t *Trainer) orInterrupt(ctx context.Context, phase Phase, failure error) error {
	if ctx.Err() != nil {
		return t.interrupt(phase)
	}
	return t.keep(phase, failure)
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
	byEpoch := t.cfg.SaveEpochs && t.cursor.Batch == 0 // the position after the last batch of an epoch
	return bySteps || byTime || byEpoch
}

// record logs a step and stops the run when too many in a row were not applied.
func (t *Trainer) record(phase Phase, r Result, epoch int, took, waited time.Duration) error {
	seconds := took.Seconds()
	err := phase.Log.Step(metrics.Record{
		Phase: phase.Name, Step: t.done, Steps: t.cfg.Steps, Epoch: epoch,
		Pairs: int64(t.done) * int64(t.cfg.GlobalBatch()),
		Loss:  r.Loss, BaseDistance: r.Distance, LR: r.LR, LogitScale: r.LogitScale, GradNorm: r.GradNorm,
		BatchSeconds: seconds, DataSeconds: waited.Seconds(),
		PairsPerSecond: float64(t.cfg.GlobalBatch()) / seconds,
	})
	if err != nil {
		return err
	}
	if r.Applied {
		t.bad = 0
		t.good = t.position
		return nil
	}
	t.bad++
	t.badSum++
	phase.Log.Printf("%s: step %d was not applied: loss %v, gradient norm %v", phase.Name, t.done, r.Loss, r.GradNorm)
	if t.bad < badStepsToStop {
		return nil
	}
	return t.giveUp(phase)
}

// meta is the run's own part of a checkpoint.
type meta struct {
	Phase   string      `json:"phase"`
	Cursor  data.Cursor `json:"cursor"`
	Skipped int         `json:"skipped_steps"`
	Bad     int         `json:"bad_steps_in_a_row,omitempty"`
	Batches string      `json:"batches,omitempty"`
	Evals   evaluated   `json:"evaluated"`
	Config  any         `json:"config"`
}
