package mcl

import (
	"context"
	"iter"
	"slices"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
)

// embedBatch is the number of images that are decoded for one call of the encoder.
const embedBatch = 128

// embed writes the normalised image features of all usable rows, in row order, to a file.
func (r *Run) embed(ctx context.Context, p phase, path string) (*FeatureFile, error) {
	encoder, err := clip.OpenEncoder(p.model(), r.device)
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	transform, err := EvalTransform(encoder.Model.Config, encoder.Preprocess())
	if err != nil {
		return nil, err
	}
	transform.Text = nil // images alone are clustered
	batches := data.Sequential(ctx, r.index, embedBatch, transform, r.loaderConfig(p))
	return SaveFeatures(path, encoder.Model.Config.EmbedDim, r.features(p, encoder, batches))
}

// features embeds batches of images, [n, E] each.
func (r *Run) features(p phase, encoder *clip.Encoder, batches iter.Seq2[data.Batch, error]) iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		done := int64(0)
		for batch, err := range batches {
			var rows [][]float32
			if err == nil {
				rows, err = encoder.Pixels(batch.Images, len(batch.Rows))
			}
			block := slices.Concat(rows...)
			if err == nil {
				err = Normalize(block, encoder.Model.Config.EmbedDim)
			}
			if !yield(block, err) || err != nil {
				return
			}
			done += int64(len(rows))
			r.log.Progress("embed "+p.name, done, r.index.Usable(), "images")
		}
	}
}
