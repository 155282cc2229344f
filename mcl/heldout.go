package mcl

import (
	"context"
	"fmt"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train"
)

// HeldOutDir is the place in a run folder for which held-out rows are used.
const HeldOutDir = "val-pairs"

// HoldOut gives the run pairs that no model trains on: stages and controls are evaluated on them.
func (r *Run) HoldOut(index *data.Index) error {
	if index.Usable() < 2 {
		return fmt.Errorf("--val-pairs: %d usable pairs, want at least 2", index.Usable())
	}
	r.heldOut = index
	return nil
}

// evaluation makes the trainer of a stage evaluate its model. Close what it returns after training.
func (r *Run) evaluation(p phase, trainer *train.Trainer, model *clip.Model, pre clip.Preprocess) (done func(), err error) {
	if r.heldOut == nil {
		return func() {}, nil
	}
	encoder, err := clip.Borrow(model, pre)
	if err != nil {
		return nil, err
	}
	transform, err := EvalTransform(model.Config, pre)
	if err != nil {
		encoder.Close()
		return nil, err
	}
	trainer.UseEvaluation(func(ctx context.Context) (clip.HeldOut, error) {
		return r.evaluate(ctx, p, encoder, transform)
	})
	return encoder.Close, nil
}

// evaluate embeds the held-out pairs and scores their features.
func (r *Run) evaluate(ctx context.Context, p phase, encoder *clip.Encoder, transform data.Transform) (score clip.HeldOut, err error) {
	defer torch.Recover(&err)
	var images, texts []float32
	for batch, err := range data.Sequential(ctx, r.heldOut, embedBatch, transform, r.loaderConfig(p)) {
		for _, view := range []struct {
			name string
			to   *[]float32
		}{{onImage, &images}, {onText, &texts}} {
			var block []float32
			if err == nil {
				block, err = encode(encoder, view.name, batch)
			}
			if err != nil {
				return score, fmt.Errorf("--val-pairs: %w", err)
			}
			*view.to = append(*view.to, block...)
		}
		r.log.Progress("evaluate "+p.name, int64(len(images)/encoder.Model.Config.EmbedDim), r.heldOut.Usable(), "pairs")
	}
	scope := torch.NewScope()
	defer scope.Close()
	features := func(values []float32) *torch.Tensor {
		return torch.FromFloats(scope, values, r.heldOut.Usable(), int64(encoder.Model.Config.EmbedDim)).To(r.device, torch.Float32)
	}
	return clip.ScoreHeldOut(features(images), features(texts), encoder.Model.LogitScale)
}
