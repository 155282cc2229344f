package train

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
)

var (
	errDiverged = errors.New("lower --lr, set --grad-clip-norm 1, or use --precision fp32")

	// ErrNothingSound is in the error of a run that diverged before any state was saved that it could go on from.
	ErrNothingSound = errors.New("no checkpoint before it is there")
)

// giveUp ends a run whose last steps could not be applied. Where the weights still give the last batch that was applied a finite
// loss, the state before those steps is good and saved. Otherwise the update before them was one too far: a checkpoint of it
// is set aside, so that the run goes on from the one before, or anew where there is none. Of a run in which no step was applied
// nothing is, for it has shown nothing about the weights that it began with.
func (t *Trainer) giveUp(phase Phase) error {
	bad := t.bad
	t.position = t.good
	failure := fmt.Errorf("the loss or its gradient was not finite in %d steps in a row after step %d", bad, t.done)
	if len(t.applied.Rows) == 0 {
		return t.noneApplied(phase, failure)
	}
	if t.sound() {
		if err := t.save(phase); err != nil {
			return fmt.Errorf("%w (no checkpoint of that step: %w)", failure, err)
		}
		return fmt.Errorf("%w; go on from there with --resume --allow-changes: %w", failure, errDiverged)
	}
	if err := t.saver.wait(); err != nil {
		failure = alsoFailed(failure, err)
	}
	if err := checkpoint.SetAside(phase.Dir, t.done); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; %w", failure, err)
	}
	return goOnBefore(phase, fmt.Errorf("%w, whose weights are too large already; %w", failure, errDiverged))
}

// noneApplied is the error of a run in which no step could be applied since it started or went on.
func (t *Trainer) noneApplied(phase Phase, failure error) error {
	if t.done == 0 {
		return fmt.Errorf("%w, so nothing was learned: %w; if the first step failed already, look at the weights of --pretrained and use --precision fp32; %w",
			failure, errDiverged, ErrNothingSound)
	}
	return fmt.Errorf("%w; no step since the resume could be applied: %w, look at the pairs, and go on from there with --resume --allow-changes; "+
		"if that ends the same way, move %s elsewhere, and --resume goes on from the one before it, or begins anew", failure, errDiverged, checkpoint.PathOf(phase.Dir, t.done))
}

// goOnBefore adds to the error of a run that diverged where it goes on. Checkpoints that are there but cannot be read are not taken
// for none.
func goOnBefore(phase Phase, err error) error {
	steps, failed := checkpoint.List(phase.Dir)
	if failed == nil && len(steps) == 0 {
		return fmt.Errorf("%w; %w", err, ErrNothingSound)
	}
	if failed == nil {
		_, _, failed = checkpoint.Latest(phase.Dir)
	}
	if failed != nil {
		return fmt.Errorf("%w; the checkpoints before it could not be read (%w): look at the disk, then go on with --resume --allow-changes", err, failed)
	}
	return fmt.Errorf("%w, and go on from the checkpoint before it with --resume --allow-changes", err)
}

// sound reports whether the weights give the last batch that was applied a finite loss.
func (t *Trainer) sound() (ok bool) {
	var err error
	defer func() { ok = ok && err == nil }()
	defer torch.Recover(&err)
	batch := t.applied
	if t.texts != nil {
		if t.known, err = t.texts.Features(batch.Rows, batch.Choice); err != nil {
			return false
		}
	}
	scope := torch.NewScope()
	defer scope.Close()
	torch.NoGrad(func() {
		image, text := t.encode(scope, batch, 0, min(t.cfg.BatchSize, len(batch.Rows)))
		ok = isFinite(clip.Loss(image, text, t.model.LogitScale, 1).Item())
	})
	return ok
}

// recycle gives a batch back, but keeps the last one that was applied.
func (t *Trainer) recycle(batches Batches, batch data.Batch, applied bool) {
	if applied {
		batch, t.applied = t.applied, batch
	}
	if len(batch.Rows) > 0 {
		batches.Recycle(batch)
	}
}
