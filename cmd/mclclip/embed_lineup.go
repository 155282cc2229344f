package main

import (
	"context"
	"runtime"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// texts embeds texts with each model: [models][n][E].
func (t *towers) texts(texts []string) ([][][]float32, error) {
	features := make([][][]float32, len(t.encoders))
	for m, encoder := range t.encoders {
		rows, err := encoder.Texts(texts)
		if err != nil {
			return nil, err
		}
		features[m] = rows
	}
	return features, nil
}

// embeddedPictures are the features of a source's images, with what is known of each.
type embeddedPictures struct {
	images [][][]float32 // [models][n][E]
	texts  [][]string    // of each image
	keys   []string
}

// pictures embeds the images of a source with each model, in one pass.
func (t *towers) pictures(ctx context.Context, source pictureSource, workers int, log *metrics.Logger) (*embeddedPictures, error) {
	out := &embeddedPictures{images: make([][][]float32, len(t.encoders))}
	for p, err := range source.batches(ctx, t.transform, workers) {
		if err != nil {
			return nil, err
		}
		for m, encoder := range t.encoders {
			rows, err := encoder.Pixels(p.pixels, len(p.texts))
			if err != nil {
				return nil, err
			}
			out.images[m] = append(out.images[m], rows...)
		}
		out.texts, out.keys = append(out.texts, p.texts...), append(out.keys, p.keys...)
		log.Progress("embed", int64(len(out.texts)), source.rows(), "images")
	}
	return out, nil
}

// labels returns the one label of each image.
func (p *embeddedPictures) labels() ([]string, error) { return pictures{texts: p.texts}.oneLabel() }

// withLineup runs f with the models of a lineup on a locked thread, as libtorch wants it.
func withLineup(l *lineup, device torch.Device, f func(*towers) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	encoders, err := openTowers(l.models, l.options, device)
	if err != nil {
		return err
	}
	defer encoders.close()
	return f(encoders)
}

// captionsOf lists the captions of images one after the other and the image that each is of; images of one key, where keys are
// given, are one image, that of the first row.
func (p *embeddedPictures) captionsOf(byKey bool) (captions []string, of, images []int) {
	place := map[string]int{}
	for row, texts := range p.texts {
		at, known := len(images), false
		if byKey {
			if found, ok := place[p.keys[row]]; ok {
				at, known = found, true
			} else {
				place[p.keys[row]] = at
			}
		}
		if !known {
			images = append(images, row)
		}
		for _, text := range texts {
			captions, of = append(captions, text), append(of, at)
		}
	}
	return captions, of, images
}
