package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/train/metrics"
)

// pictures are decoded images with their texts: captions, or the one label of each.
type pictures struct {
	pixels []uint8 // [n, 3, S, S]
	texts  [][]string
	keys   []string
}

// pictureSource is where a benchmark's images come from.
type pictureSource interface {
	rows() int64
	batches(ctx context.Context, transform data.Transform, workers int) iter.Seq2[pictures, error]
	skipped() error // what was left out, nil if nothing was
}

// pairSource is Parquet shards.
type pairSource struct{ index *data.Index }

// openPairSource opens and checks shards; with a label column captions are not read.
func openPairSource(ctx context.Context, p pairsFlags, label string, workers int, log *metrics.Logger) (pictureSource, error) {
	p.options.LabelColumn = label
	source, err := p.open()
	if err != nil {
		return nil, err
	}
	index, err := scanPairs(ctx, source, workers, log)
	if err != nil {
		return nil, err
	}
	return pairSource{index}, nil
}

func (s pairSource) rows() int64    { return s.index.Usable() }
func (s pairSource) skipped() error { return skippedRows(s.index, "mclclip data inspect lists them") }

func (s pairSource) batches(ctx context.Context, transform data.Transform, workers int) iter.Seq2[pictures, error] {
	transform.Text = nil
	return func(yield func(pictures, error) bool) {
		config := data.LoaderConfig{Workers: workers, Buffer: 256 << 20, Prefetch: 2}
		for b, err := range data.Sequential(ctx, s.index, pictureBatch, transform, config) {
			if !yield(pictures{b.Images, b.Captions, b.Keys}, err) || err != nil {
				return
			}
		}
	}
}

// pictureBatch is the number of images that are decoded together.
const pictureBatch = 64

// folderSource is a folder of one folder of images for each class.
type folderSource struct {
	files  []string
	labels []string
}

// openFolderSource lists the images; the name of the folder that an image lies in is its label.
func openFolderSource(dir string) (pictureSource, error) {
	classes, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	s := &folderSource{}
	for _, class := range classes {
		if !class.IsDir() {
			continue
		}
		err := filepath.WalkDir(filepath.Join(dir, class.Name()), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && slices.Contains(pictureEndings, strings.ToLower(filepath.Ext(path))) {
				s.files, s.labels = append(s.files, path), append(s.labels, class.Name())
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(s.files) == 0 {
		return nil, fmt.Errorf("%s: no images: want a folder for each class with its images (%s)", dir, strings.Join(pictureEndings, ", "))
	}
	return s, nil
}

var pictureEndings = []string{".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

func (s *folderSource) rows() int64    { return int64(len(s.files)) }
func (s *folderSource) skipped() error { return nil }

// batches decodes the images in parallel; one that cannot be decoded is an error, since a benchmark without it would be another.
func (s *folderSource) batches(ctx context.Context, transform data.Transform, workers int) iter.Seq2[pictures, error] {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return func(yield func(pictures, error) bool) {
		for from := 0; from < len(s.files); from += pictureBatch {
			files := s.files[from:min(from+pictureBatch, len(s.files))]
			p := pictures{pixels: make([]uint8, len(files)*transform.ImageBytes), keys: files}
			group, ctx := errgroup.WithContext(ctx)
			group.SetLimit(workers)
			for i, path := range files {
				p.texts = append(p.texts, []string{s.labels[from+i]})
				group.Go(func() error {
					if ctx.Err() != nil {
						return context.Cause(ctx)
					}
					encoded, err := os.ReadFile(path)
					if err == nil {
						err = transform.Image(p.pixels[i*transform.ImageBytes:(i+1)*transform.ImageBytes], encoded, 0)
					}
					if err != nil {
						err = fmt.Errorf("image %s: %w", path, err)
					}
					return err
				})
			}
			err := group.Wait()
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// oneLabel returns the label of each image.
func (p pictures) oneLabel() ([]string, error) {
	var labels []string
	for _, texts := range p.texts {
		if len(texts) != 1 {
			return nil, errors.New("an image has several labels: name a column with one in each row")
		}
		labels = append(labels, texts[0])
	}
	return labels, nil
}
