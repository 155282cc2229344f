package mcl

import (
	"errors"
	"io/fs"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/train"
)

// resume puts the newest sound checkpoint of a phase into the trainer, if there is one.
func (r *Run) resume(p phase, trainer *train.Trainer) error {
	path, warnings, err := checkpoint.Latest(p.checkpoints())
	for _, warning := range warnings {
		r.log.Printf("%s", warning)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := trainer.Resume(path); err != nil {
		return err
	}
	r.log.Printf("%s: goes on after step %d", p.name, trainer.Done())
	return nil
}
