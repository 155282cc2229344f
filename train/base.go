package train

import (
	"errors"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
)

// base is the model whose features are to be kept.
type base struct {
	model       *clip.Model
	image, text bool // which tower is trained; the other one's features are the same anyway
}

// UseBase says near which model's features KeepBase holds those of the trained one. It stays its owner's, and must embed for as
// long as the trainer trains.
func (t *Trainer) UseBase(model *clip.Model) {
	t.base = &base{model: model}
	for _, p := range t.model.Trainable() {
		tower, _ := t.model.Layer(p.Name)
		t.base.image = t.base.image || tower == clip.ImageTower
		t.base.text = t.base.text || tower == clip.TextTower
	}
}

// checkBase refuses to train without the model that is asked for.
func (t *Trainer) checkBase() error {
	if t.cfg.KeepBase > 0 && t.base == nil {
		return errors.New("there is no base model to keep the features of")
	}
	return nil
}

// objective is what a step makes smaller: the contrastive loss of the features [b, E] of a batch and, with KeepBase, their
// distance from the base model's (feature distillation; docs/paper.md has the formula).
func (t *Trainer) objective(scope *torch.Scope, batch data.Batch, image, text *torch.Tensor) *torch.Tensor {
	defer t.span("loss")()
	loss := t.model.Loss(image, text, t.blocks())
	if t.cfg.KeepBase == 0 {
		return loss
	}
	baseImage, baseText := t.baseFeatures(scope, batch)
	t.distance = 0
	for _, pair := range [][2]*torch.Tensor{{image, baseImage}, {text, baseText}} {
		if pair[1] != nil {
			distance := clip.Distance(pair[0], pair[1])
			t.distance += distance.Item()
			loss = loss.Add(distance.Scale(t.cfg.KeepBase))
		}
	}
	return loss
}

// baseFeatures embeds a batch with the base model, part by part; nil stands for those of a tower that is not trained.
func (t *Trainer) baseFeatures(scope *torch.Scope, batch data.Batch) (image, text *torch.Tensor) {
	var images, texts []*torch.Tensor
	torch.NoGrad(func() {
		for from := 0; from < len(batch.Rows); from += t.cfg.BatchSize {
			to := min(from+t.cfg.BatchSize, len(batch.Rows))
			inPart(func(part *torch.Scope) {
				t.cfg.compute(t.model.Device(), func() {
					if t.base.image {
						features := t.base.model.EncodeImage(t.inputs.Pixels(part, batch.Images, from, to))
						images = append(images, features.To(t.model.Device(), torch.Float32).In(scope))
					}
					if t.base.text {
						features := t.base.model.EncodeText(t.inputs.Tokens(part, batch.Tokens, batch.Length, from, to))
						texts = append(texts, features.To(t.model.Device(), torch.Float32).In(scope))
					}
				})
			})
		}
		if t.base.image {
			image = torch.Concat(0, images...)
		}
		if t.base.text {
			text = torch.Concat(0, texts...)
		}
	})
	return image, text
}
