package mcl

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/train"
)

// resume puts the newest sound checkpoint of a phase into the trainer, if there is one. The batches are identified as in
// train.Phase.
func (r *Run) resume(p phase, trainer *train.Trainer, batches string) error {
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
	if err := trainer.Resume(path, batches); err != nil {
		return err
	}
	r.log.Printf("%s: goes on after step %d", p.name, trainer.Done())
	return nil
}

// batchesOf identifies what the batches of a phase are composed from: the usable pairs and, where there are any, the labels.
func (r *Run) batchesOf(p phase) (string, error) {
	id := fmt.Sprintf("%d pairs of %s", r.index.Usable(), r.index.Source().Fingerprint())
	if p.ordinary {
		return id, nil
	}
	sum := sha256.New()
	if err := addFile(sum, filepath.Join(p.dir, labelsFile)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, labels %.16x", id, sum.Sum(nil)), nil
}
