package main

import (
	"cmp"
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
	"github.com/mclclip/mclclip/data/pack"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// pictures are decoded images with their texts: captions, or the one label of each.
type pictures struct {
	pixels []uint8 // [n, 3, S, S]
	texts  [][]string
	keys   []string
	names  []string // path, or key or place in the shards
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
			names := slices.Clone(b.Keys)
			for i, row := range b.Rows {
				names[i] = cmp.Or(names[i], rowID(s.index.Source(), row))
			}
			if !yield(pictures{b.Images, b.Captions, b.Keys, names}, err) || err != nil {
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
	log    *metrics.Logger
	left   map[string]int64 // images that were left out, by reason
}

// openFolderSource lists the images; the name of the folder that an image lies in is its label. Folders without images are named.
func openFolderSource(dir string, log *metrics.Logger) (pictureSource, error) {
	classes, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	s := &folderSource{log: log, left: map[string]int64{}}
	var empty []string
	for _, class := range classes {
		if !class.IsDir() {
			continue
		}
		before := len(s.files)
		err := filepath.WalkDir(filepath.Join(dir, class.Name()), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && pack.IsImageName(path) {
				s.files, s.labels = append(s.files, path), append(s.labels, class.Name())
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(s.files) == before {
			empty = append(empty, class.Name())
		}
	}
	if len(s.files) == 0 {
		return nil, fmt.Errorf("%s: no images: want a folder for each class with its images (%s)", dir, strings.Join(pack.ImageEndings(), ", "))
	}
	if len(empty) > 0 {
		log.Printf("warning: folders without images, which are no classes: %s", strings.Join(empty, ", "))
	}
	return s, nil
}

func (s *folderSource) rows() int64 { return int64(len(s.files)) }

func (s *folderSource) skipped() error {
	sum := int64(0)
	for _, n := range s.left {
		sum += n
	}
	return skippedOf(sum, s.rows(), s.left, "the log names them")
}

// batches decodes the images in parallel. One that cannot be decoded is named and left out.
func (s *folderSource) batches(ctx context.Context, transform data.Transform, workers int) iter.Seq2[pictures, error] {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return func(yield func(pictures, error) bool) {
		for from := 0; from < len(s.files); from += pictureBatch {
			files := s.files[from:min(from+pictureBatch, len(s.files))]
			pixels := make([]uint8, len(files)*transform.ImageBytes)
			faults, err := decodeFiles(ctx, pixels, files, transform, workers)
			if err != nil {
				yield(pictures{}, err)
				return
			}
			p := s.usable(from, pixels, faults)
			if len(p.texts) > 0 && !yield(p, nil) {
				return
			}
		}
	}
}

// decodeFiles decodes files into pixels; faults are those of images that cannot be decoded.
func decodeFiles(ctx context.Context, pixels []uint8, files []string, transform data.Transform, workers int) (faults []error, err error) {
	faults = make([]error, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i, path := range files {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			encoded, err := os.ReadFile(path)
			if err == nil {
				err = transform.Image(pixels[i*transform.ImageBytes:(i+1)*transform.ImageBytes], encoded, 0)
			}
			if preprocess.Reason(err) != "" {
				faults[i], err = err, nil
			}
			if err != nil {
				err = fmt.Errorf("image %s: %w", path, err)
			}
			return err
		})
	}
	return faults, group.Wait()
}

// usable puts the images of files from on together that have no fault, and names the others.
func (s *folderSource) usable(from int, pixels []uint8, faults []error) (p pictures) {
	one := len(pixels) / len(faults)
	for i, fault := range faults {
		path := s.files[from+i]
		if fault != nil {
			s.left[preprocess.Reason(fault)]++
			s.log.Printf("%s is left out: %v", path, fault)
			continue
		}
		p.pixels = append(p.pixels, pixels[i*one:(i+1)*one]...)
		p.texts, p.keys, p.names = append(p.texts, []string{s.labels[from+i]}), append(p.keys, path), append(p.names, path)
	}
	return p
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
