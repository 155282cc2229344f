package mcl

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
)

// Place is where a run goes on. The zero value is the start of a new one.
type Place struct {
	position   metrics.Position
	checkpoint string   // "" where the phase starts anew
	warnings   []string // about newer checkpoints that are damaged
}

// doneRun is the phase of a run that has every model.
const doneRun = "done"

// PlaceOf finds where a run that stopped goes on: the first phase without a model, at its newest sound checkpoint. This is
// the one time that whole checkpoints are looked through to find it.
func PlaceOf(dir string, c Config) Place {
	for _, p := range phases(dir, c) {
		if p.done() {
			continue
		}
		at := Place{position: metrics.Position{Phase: p.name}}
		path, warnings, err := checkpoint.Latest(p.checkpoints())
		at.warnings = warnings
		if err == nil {
			at.checkpoint = path
			at.position.Step, _ = checkpoint.StepOf(path)
		}
		return at
	}
	return Place{position: metrics.Position{Phase: doneRun}}
}

// Position is the place in the run's records; nil for a new run.
func (p Place) Position() *metrics.Position {
	if p.position.Phase == "" {
		return nil
	}
	return &p.position
}

// Done tells whether the run has every model.
func (p Place) Done() bool { return p.position.Phase == doneRun }

// resume puts the newest sound checkpoint of a phase into the trainer, if there is one. The batches are identified as in
// train.Phase.
func (r *Run) resume(p phase, trainer *train.Trainer, batches string) error {
	at := r.start.At
	r.start.At = Place{} // of no phase after this one, nor of this one at another time
	if at.position.Phase != p.name {
		path, warnings, err := checkpoint.Latest(p.checkpoints())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		at.checkpoint, at.warnings = path, warnings
	}
	for _, warning := range at.warnings {
		r.log.Printf("%s", warning)
	}
	if at.checkpoint == "" {
		return nil
	}
	if err := trainer.Resume(at.checkpoint, batches); err != nil {
		return err
	}
	r.log.Printf("%s: goes on after step %d", p.name, trainer.Done())
	if trainer.EpochAnew() {
		r.log.Printf("%s: the epoch at hand begins anew: the checkpoint is of batches of other pairs, columns or labels, or of an earlier version", p.name)
	}
	return nil
}

// forget makes way for another try after a phase has diverged without any state to go on from, and says how. Where it was the first
// phase the folder holds no run any more, but what is known of the pairs and, under other names, checkpoints and records.
func (r *Run) forget(p phase, err error) error {
	if !errors.Is(err, train.ErrNothingSound) {
		return err
	}
	if moved := setAside(p.checkpoints()); moved != nil {
		return fmt.Errorf("%w (%w)", err, moved)
	}
	if hasModels(r.dir) {
		return fmt.Errorf("%w: start %s again with --resume --allow-changes and other settings", err, p.name)
	}
	moved := errors.Join(setAside(filepath.Join(r.dir, metrics.LinesFile)), os.RemoveAll(filepath.Join(r.dir, metrics.BoardDir)))
	if moved != nil {
		return fmt.Errorf("%w (%w)", err, moved)
	}
	return fmt.Errorf("%w: give the same command again with other settings", err)
}

// diverged stands in the names of what a try that diverged left.
const diverged = "-diverged-"

// setAside gives a file or folder, where it is there, the first free of the names checkpoints-diverged-1, metrics-diverged-1.jsonl and so on,
// so that no other try's is lost.
func setAside(path string) error {
	ending := filepath.Ext(path)
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s%s%d%s", strings.TrimSuffix(path, ending), diverged, n, ending)
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		if err := os.Rename(path, to); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
}

// dropCheckpoints deletes the checkpoints of a model that is done, with those that were set aside.
func dropCheckpoints(p phase) error {
	names, err := fs.Glob(os.DirFS(p.dir), checkpointsDir+"*")
	errs := []error{err}
	for _, name := range names {
		errs = append(errs, os.RemoveAll(filepath.Join(p.dir, name)))
	}
	return errors.Join(errs...)
}

// dataOf identifies usable pairs by their files, their number and the columns that they are in.
func dataOf(x *data.Index) string {
	return fmt.Sprintf("%d pairs of %s, %s", x.Usable(), x.Source().Fingerprint(), columnsOf(x))
}

func columnsOf(x *data.Index) string {
	image, caption, _ := x.Source().Columns()
	return fmt.Sprintf("images in %q and captions in %q", image, caption)
}

// batchesOf identifies what the batches of a phase are composed from: the usable pairs and, where there are any, the labels.
func (r *Run) batchesOf(p phase) (string, error) {
	id := dataOf(r.index)
	if p.ordinary {
		return id, nil
	}
	sum := sha256.New()
	if err := addFile(sum, filepath.Join(p.dir, labelsFile)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, labels %.16x", id, sum.Sum(nil)), nil
}
