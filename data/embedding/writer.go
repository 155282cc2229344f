package embedding

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// partition is the files that are being written: one Parquet file, or one part of the npy layout.
type partition interface {
	add(r *Row) error
	close() error
	abort()
}

// layout is how a folder is laid out.
type layout struct {
	// names returns the files of one partition out of parts, below the folder. Numbers are as wide as parts needs.
	names func(p, parts int) []string
	// create starts a partition with these files.
	create func(paths []string) (partition, error)
}

// manyParts stands for the number of partitions while it is not known; the files are renamed at the end.
const manyParts = 999_999_999

// writer is the Writer of a layout.
type writer struct {
	dir     string
	meta    Meta
	options Options
	layout  layout
	staging *staging
	part    partition // nil between two
	rows    int       // in part
	parts   int
	err     error // the first error, or errAborted
	ended   bool
}

func newWriter(dir string, m Meta, o Options, l layout) (*writer, error) {
	s, err := stage(dir)
	if err != nil {
		return nil, err
	}
	return &writer{dir: dir, meta: m, options: o, layout: l, staging: s}, nil
}

// Write implements Writer.
func (w *writer) Write(rows []Row) error {
	if w.ended {
		return fmt.Errorf("embeddings %s: write after the end", w.dir)
	}
	for i := range rows {
		if w.err == nil {
			w.err = w.write(&rows[i])
		}
		if w.err != nil {
			return fmt.Errorf("embeddings %s: %w", w.dir, w.err)
		}
	}
	return nil
}

func (w *writer) write(r *Row) error {
	if err := w.meta.check(*r); err != nil {
		return err
	}
	if w.part == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	if err := w.part.add(r); err != nil {
		return fmt.Errorf("row %d (id %s): %w", r.Row, r.ID, err)
	}
	if w.rows++; w.rows == w.options.RowsPerFile {
		return w.closePart()
	}
	return nil
}

// open starts the next partition.
func (w *writer) open() error {
	var paths []string
	for _, name := range w.layout.names(w.parts, manyParts) {
		path := filepath.Join(w.staging.tmp, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		paths = append(paths, path)
	}
	part, err := w.layout.create(paths)
	if err != nil {
		return err
	}
	w.part, w.rows, w.parts = part, 0, w.parts+1
	return nil
}

func (w *writer) closePart() error {
	part := w.part
	w.part = nil
	return part.close()
}

// Close implements Writer. Without rows it makes one empty partition, so that readers find the schema.
func (w *writer) Close() error {
	if w.ended {
		return nil
	}
	if w.err == nil && w.parts == 0 {
		w.err = w.open()
	}
	if w.err == nil && w.part != nil {
		w.err = w.closePart()
	}
	if w.err == nil {
		w.err = w.rename()
	}
	return w.end()
}

// Abort implements Writer.
func (w *writer) Abort() {
	if w.ended {
		return
	}
	w.err = errAborted
	_ = w.end()
}

// end completes or removes the folder, by whether there was an error.
func (w *writer) end() error {
	if w.part != nil {
		w.part.abort()
		w.part = nil
	}
	w.ended = true
	err := w.staging.end(w.err)
	if err == nil || errors.Is(err, errAborted) {
		return nil
	}
	return fmt.Errorf("embeddings %s: %w", w.dir, err)
}

// rename gives the files the numbers that fit the number of partitions.
func (w *writer) rename() error {
	for p := range w.parts {
		final := w.layout.names(p, w.parts)
		for i, name := range w.layout.names(p, manyParts) {
			if err := os.Rename(filepath.Join(w.staging.tmp, name), filepath.Join(w.staging.tmp, final[i])); err != nil {
				return err
			}
		}
	}
	return nil
}
