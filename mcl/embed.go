package mcl

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/fault"
)

// embedBatch is the number of pairs that are decoded for one call of the encoder.
const embedBatch = 128

// embed writes the normalised image or text features of all usable rows, in row order, to a file, from where an interrupted
// embedding stopped.
func (r *Run) embed(ctx context.Context, p phase, view, path string) (*FeatureFile, error) {
	defer r.trace.Begin("embed")()
	identity, err := Identity(p.model())
	if err != nil {
		return nil, err
	}
	encoder, err := clip.OpenEncoder(p.model(), r.device)
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	transform, err := EvalTransform(encoder.Model.Config, encoder.Preprocess())
	if err != nil {
		return nil, err
	}
	if view == onImage {
		transform.Text = nil
	} else {
		transform.Image = nil
	}
	of := featureOrigin{
		Model: identity, Data: r.index.Source().Fingerprint(), View: view, Rows: r.index.Usable(), Width: encoder.Model.Config.EmbedDim,
	}
	return saveInParts(path, of, func(first int64) iter.Seq2[[]float32, error] {
		if first > 0 {
			r.log.Printf("embed %s: goes on after %d of %d pairs", p.name, first, of.Rows)
		}
		batches := data.SequentialFrom(ctx, r.index, first, embedBatch, transform, r.loaderConfig(p))
		return r.features(p, encoder, view, first, batches)
	})
}

// features embeds one view of batches that begin at row first of the usable ones, [n, E] each.
func (r *Run) features(p phase, encoder *clip.Encoder, view string, first int64, batches iter.Seq2[data.Batch, error]) iter.Seq2[[]float32, error] {
	label, unit := "embed "+p.name, "images"
	if view == onText {
		label, unit = label+" texts", "texts"
	}
	return func(yield func([]float32, error) bool) {
		done := first
		for batch, err := range batches {
			var block []float32
			if err == nil {
				fault.Point("mcl.embed")
				end := r.trace.Begin("forward")
				block, err = encode(encoder, view, batch)
				end()
			}
			if !yield(block, err) || err != nil {
				return
			}
			done += int64(len(batch.Rows))
			r.log.Progress(label, done, r.index.Usable(), unit)
		}
	}
}

// encode returns the normalised features of one view of a batch, [n, E].
func encode(encoder *clip.Encoder, view string, batch data.Batch) ([]float32, error) {
	var rows [][]float32
	var err error
	if view == onText {
		rows, err = encoder.Tokens(batch.Tokens, batch.Length, len(batch.Rows))
	} else {
		rows, err = encoder.Pixels(batch.Images, len(batch.Rows))
	}
	if err != nil {
		return nil, err
	}
	block := slices.Concat(rows...)
	if err := Normalize(block, encoder.Model.Config.EmbedDim); err != nil {
		return nil, fmt.Errorf("%s features: %w", view, err)
	}
	return block, nil
}
