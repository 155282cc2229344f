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
// embedding stopped. Those of few pairs are at hand from the figures of the model, and not computed again.
func (r *Run) embed(ctx context.Context, p phase, view, path string) (*FeatureFile, error) {
	defer r.trace.Begin("embed")()
	if s := r.samples[p.name]; s != nil && int64(len(s.rows)) == r.index.Usable() {
		return r.saveSample(ctx, p, s, view, path)
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
	of, err := r.featuresOf(p, view, encoder.Model.Config.EmbedDim)
	if err != nil {
		return nil, err
	}
	return saveInParts(path, of, func(first int64) iter.Seq2[[]float32, error] {
		if first > 0 {
			r.log.Printf("embed %s: goes on after %d of %d pairs", p.name, first, of.Rows)
		}
		batches := data.SequentialFrom(ctx, r.index, first, embedBatch, transform, r.loaderConfig(p))
		return r.features(p, encoder, view, first, batches)
	})
}

// featuresOf says what the features of one view by a model are of.
func (r *Run) featuresOf(p phase, view string, width int) (featureOrigin, error) {
	identity, err := Identity(p.model())
	return featureOrigin{Model: identity, Data: dataOf(r.index), View: view, Rows: r.index.Usable(), Width: width}, err
}

// saveSample writes the features of a sample that is all usable rows. Its batches were those of an embedding, so the bits are
// the same.
func (r *Run) saveSample(ctx context.Context, p phase, s *sampled, view, path string) (*FeatureFile, error) {
	rows := s.view(view)
	of, err := r.featuresOf(p, view, len(rows[0]))
	if err != nil {
		return nil, err
	}
	return saveInParts(path, of, func(first int64) iter.Seq2[[]float32, error] {
		return func(yield func([]float32, error) bool) {
			for part := range slices.Chunk(rows[first:], embedBatch) {
				if ctx.Err() != nil {
					yield(nil, context.Cause(ctx))
					return
				}
				fault.Point("mcl.embed")
				if !yield(slices.Concat(part...), nil) {
					return
				}
			}
		}
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
	block, err := encodeRaw(encoder, view, batch)
	if err != nil {
		return nil, err
	}
	if err := Normalize(block, encoder.Model.Config.EmbedDim); err != nil {
		return nil, fmt.Errorf("%s features: %w", view, err)
	}
	return block, nil
}

// encodeRaw returns the features of one view of a batch as the model makes them, [n, E].
func encodeRaw(encoder *clip.Encoder, view string, batch data.Batch) ([]float32, error) {
	var rows [][]float32
	var err error
	if view == onText {
		rows, err = encoder.Tokens(batch.Tokens, batch.Length, len(batch.Rows))
	} else {
		rows, err = encoder.Pixels(batch.Images, len(batch.Rows))
	}
	return slices.Concat(rows...), err
}
