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
	trainer.UseEvaluation(dataOf(r.heldOut), func(ctx context.Context) (clip.HeldOut, error) {
		return r.evaluate(ctx, p, encoder, transform)
	})
	return encoder.Close, nil
}

// evaluate embeds the held-out pairs and scores their features.
func (r *Run) evaluate(ctx context.Context, p phase, encoder *clip.Encoder, transform data.Transform) (score clip.HeldOut, err error) {
	f, err := r.embedHeldOut(ctx, p, encoder, transform, encode)
	if err != nil {
		return score, err
	}
	return f.score(r.device, encoder.Model.LogitScale)
}

// heldOutFeatures are the features of the held-out pairs, [n, E] each.
type heldOutFeatures struct {
	images, texts []float32
	width         int // E
}

type encodeView func(encoder *clip.Encoder, view string, batch data.Batch) ([]float32, error)

func (r *Run) embedHeldOut(ctx context.Context, p phase, encoder *clip.Encoder, transform data.Transform, encode encodeView) (f heldOutFeatures, err error) {
	f.width = encoder.Model.Config.EmbedDim
	for batch, err := range data.Sequential(ctx, r.heldOut, embedBatch, transform, r.loaderConfig(p)) {
		for _, view := range []struct {
			name string
			to   *[]float32
		}{{onImage, &f.images}, {onText, &f.texts}} {
			var block []float32
			if err == nil {
				block, err = encode(encoder, view.name, batch)
			}
			if err != nil {
				return f, fmt.Errorf("--val-pairs: %w", err)
			}
			*view.to = append(*view.to, block...)
		}
		r.log.Progress("evaluate "+p.name, int64(len(f.images)/f.width), r.heldOut.Usable(), "pairs")
	}
	return f, nil
}

// score compares each image with each text; logScale says how sharply the loss does.
func (f heldOutFeatures) score(device torch.Device, logScale *torch.Tensor) (score clip.HeldOut, err error) {
	defer torch.Recover(&err)
	scope := torch.NewScope()
	defer scope.Close()
	tensor := func(values []float32) *torch.Tensor {
		return torch.FromFloats(scope, values, int64(len(values)/f.width), int64(f.width)).To(device, torch.Float32)
	}
	return clip.ScoreHeldOut(tensor(f.images), tensor(f.texts), logScale)
}
