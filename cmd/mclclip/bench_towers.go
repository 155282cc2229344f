package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/mclclip/mclclip/bench/speed"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train"
)

// where is the device, which check has looked at.
func (b *benchSide) where() torch.Device {
	device, err := torch.ParseDevice(b.device)
	if err != nil {
		return torch.CPU
	}
	return device
}

// batches reads the batches that every round does, in row order and without random crops.
func (b *benchSide) batches(model clip.Config, pre clip.Preprocess) ([]data.Batch, error) {
	index, err := b.index()
	if err != nil {
		return nil, err
	}
	if index.Usable() < int64(b.steps*b.batch) {
		return nil, fmt.Errorf("%d pairs are too few for %d steps of %d; raise --pairs", index.Usable(), b.steps, b.batch)
	}
	transform, err := mcl.EvalTransform(model, pre)
	if err != nil {
		return nil, err
	}
	var batches []data.Batch
	for batch, err := range data.Sequential(b.ctx, index, b.batch, transform, data.LoaderConfig{}) {
		if err != nil {
			return nil, err
		}
		batch.Images, batch.Tokens = slices.Clone(batch.Images), slices.Clone(batch.Tokens)
		if batches = append(batches, batch); len(batches) == b.steps {
			break
		}
	}
	return batches, nil
}

// trainer opens the model with its locks set, and the data.
func (b *benchSide) trainer(lock func(*clip.Model)) (*train.Trainer, []data.Batch, func(), error) {
	model, pre, err := clip.Load(b.model, b.where())
	if err != nil {
		return nil, nil, nil, err
	}
	lock(model)
	batches, err := b.batches(model.Config, pre)
	if err != nil {
		return nil, nil, nil, err
	}
	cfg := train.DefaultConfig()
	cfg.BatchSize, cfg.Precision, cfg.Steps, cfg.Warmup, cfg.Scheduler = b.batch, b.precision, 1, 0, "const"
	trainer, err := train.New(cfg, model, pre)
	return trainer, batches, func() { trainer.Close(); model.Close() }, err
}

func (b *benchSide) finetune() (func() (speed.Round, error), func(), error) {
	trainer, batches, free, err := b.trainer(func(*clip.Model) {})
	return func() (speed.Round, error) { return steps(trainer, batches) }, free, err
}

// finetuneLocked is the recipe of the paper: a locked text tower, whose captions are embedded once before the rounds, and an
// image tower of which the last blocks train.
func (b *benchSide) finetuneLocked() (func() (speed.Round, error), func(), error) {
	dir, err := os.MkdirTemp("", "mclclip-bench-*")
	if err != nil {
		return nil, nil, err
	}
	captions, err := b.saveCaptions(filepath.Join(dir, "captions"))
	if err != nil {
		return nil, nil, err
	}
	trainer, batches, free, err := b.trainer(func(m *clip.Model) { m.LockText(0); m.LockImage(6) })
	if err != nil {
		return nil, nil, err
	}
	trainer.UseTexts(captions)
	return func() (speed.Round, error) { return steps(trainer, batches) }, func() { free(); captions.Close(); os.RemoveAll(dir) }, nil
}

func (b *benchSide) saveCaptions(dir string) (*mcl.CaptionFeatures, error) {
	index, err := b.index()
	if err != nil {
		return nil, err
	}
	encoder, err := clip.OpenEncoder(b.model, b.where())
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	if err := mcl.SaveCaptions(b.ctx, dir, encoder, index, data.LoaderConfig{}, func(int64) {}); err != nil {
		return nil, err
	}
	return mcl.OpenCaptions(dir, encoder.Model.Config.EmbedDim, index)
}

func steps(trainer *train.Trainer, batches []data.Batch) (r speed.Round, err error) {
	for _, batch := range batches {
		result, err := trainer.Step(batch)
		if err != nil {
			return r, err
		}
		r.Items += float64(len(batch.Rows))
		r.Values = append(r.Values, result.Loss)
	}
	return r, nil
}

// lastRow is what is compared of a batch of features.
func lastRow(rows [][]float32) (values []float64) {
	for _, v := range rows[len(rows)-1][:8] {
		values = append(values, float64(v))
	}
	return values
}

func (b *benchSide) embedImages() (func() (speed.Round, error), func(), error) {
	encoder, err := clip.OpenEncoder(b.model, b.where())
	if err != nil {
		return nil, nil, err
	}
	batches, err := b.batches(encoder.Model.Config, encoder.Preprocess())
	return func() (r speed.Round, err error) {
		for _, batch := range batches {
			rows, err := encoder.Pixels(batch.Images, len(batch.Rows))
			if err != nil {
				return r, err
			}
			r.Items += float64(len(rows))
			r.Values = append(r.Values, lastRow(rows)...)
		}
		return r, nil
	}, encoder.Close, err
}

func (b *benchSide) embedTexts() (func() (speed.Round, error), func(), error) {
	encoder, err := clip.OpenEncoder(b.model, b.where())
	if err != nil {
		return nil, nil, err
	}
	texts, err := b.captions()
	if n := b.steps * b.batch; err == nil && len(texts) < n {
		err = fmt.Errorf("%d pairs are too few for %d steps of %d; raise --pairs", len(texts), b.steps, b.batch)
	}
	return func() (r speed.Round, err error) {
		rows, err := encoder.Texts(texts[:b.steps*b.batch])
		for part := range slices.Chunk(rows, b.batch) {
			r.Values = append(r.Values, lastRow(part)...)
		}
		r.Items = float64(len(rows))
		return r, err
	}, encoder.Close, err
}
