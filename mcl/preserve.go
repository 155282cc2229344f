package mcl

import (
	"math"
	"path/filepath"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/train"
)

// prepare says which parts of a stage's model are to learn.
func (r *Run) prepare(p phase, model *clip.Model) error {
	if r.cfg.Tau > 0 {
		model.LogitScale.Fill(-math.Log(r.cfg.Tau))
	}
	if err := r.cfg.Lock.apply(model); err != nil {
		return err
	}
	return model.AddLoRA(r.cfg.Train.LoRA, r.loaderConfig(p).Seed)
}

// preserve gives the trainer of a stage the base model, where its features are to be kept, and the held-out pairs, where there are
// any. What it returns is called after training.
func (r *Run) preserve(p phase, trainer *train.Trainer, model *clip.Model, pre clip.Preprocess) (done func(), err error) {
	if p.stage == 0 {
		return func() {}, nil
	}
	base, err := r.keepBase(trainer)
	if err != nil {
		return nil, err
	}
	evaluated, err := r.evaluation(p, trainer, model, pre)
	if err != nil {
		base.Close()
		return nil, err
	}
	return func() { base.Close(); evaluated() }, nil
}

// keepBase gives the trainer the base model; nil where it needs none.
func (r *Run) keepBase(trainer *train.Trainer) (*clip.Model, error) {
	if r.cfg.Train.KeepBase == 0 {
		return nil, nil
	}
	model, _, err := clip.Load(filepath.Join(r.dir, baseDir, modelDir), r.device)
	if err == nil {
		trainer.UseBase(model)
	}
	return model, err
}
