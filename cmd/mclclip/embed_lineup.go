package main

import (
	"context"
	"errors"
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
	names  []string // of each image, see pictures
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
		out.texts, out.keys, out.names = append(out.texts, p.texts...), append(out.keys, p.keys...), append(out.names, p.names...)
		log.Progress("embed", int64(len(out.texts)), source.rows(), "images")
	}
	if len(out.texts) == 0 {
		return nil, errors.New("none of the images can be used")
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
// given, are one image, that of the first row. queries are the names of both, images first.
func (p *embeddedPictures) captionsOf(byKey bool) (captions []string, of, images []int, queries [2][]string) {
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
			queries[1] = append(queries[1], p.names[row])
		}
	}
	queries[0] = chosen(p.names, images)
	return captions, of, images, queries
}
