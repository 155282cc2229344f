package mcl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"sync"

	"github.com/mclclip/mclclip/internal/atomicfile"
)

// FeatureFile holds features on disk as bare little-endian float32, row by row: the passes of K-means read it again and again while
// the model runs over the data once.
type FeatureFile struct {
	path  string
	rows  int64
	width int
}

// SaveFeatures writes blocks [n, D] of features, width D, to a file that appears whole or not at all.
func SaveFeatures(path string, width int, blocks iter.Seq2[[]float32, error]) (*FeatureFile, error) {
	err := atomicfile.WriteFile(path, func(w io.Writer) error {
		var buffer []byte
		for x, err := range blocks {
			if err != nil {
				return err
			}
			if len(x)%width != 0 {
				return fmt.Errorf("a block of %d numbers is no whole rows of %d", len(x), width)
			}
			buffer = buffer[:0]
			for _, v := range x {
				buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
			}
			if _, err := w.Write(buffer); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	return OpenFeatures(path, width)
}

// OpenFeatures opens the file of features of width D that SaveFeatures wrote.
func OpenFeatures(path string, width int) (*FeatureFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	if width < 1 || info.Size()%(4*int64(width)) != 0 {
		return nil, fmt.Errorf("features %s: %d bytes are no whole rows of %d numbers", path, info.Size(), width)
	}
	return &FeatureFile{path: path, rows: info.Size() / (4 * int64(width)), width: width}, nil
}

// Len returns M.
func (f *FeatureFile) Len() int64 { return f.rows }

// Width returns D.
func (f *FeatureFile) Width() int { return f.width }

// ReadRows reads some rows.
func (f *FeatureFile) ReadRows(rows []int64, do func(i int, x []float32)) error {
	file, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("features: %w", err)
	}
	defer file.Close()
	x := make([]float32, f.width)
	for i, row := range rows {
		if _, err := file.ReadAt(bytesOf(x), row*int64(4*f.width)); err != nil {
			return fmt.Errorf("features %s: row %d: %w", f.path, row, err)
		}
		do(i, x)
	}
	return nil
}

// Blocks reads the rows in blocks of about 4 MiB, each while the one before is at work.
func (f *FeatureFile) Blocks() iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		file, err := os.Open(f.path)
		if err != nil {
			yield(nil, fmt.Errorf("features: %w", err))
			return
		}
		defer file.Close()
		const ahead = 2 // both channels hold all buffers, so that neither side ever waits to send
		full, free := make(chan readBlock, ahead), make(chan []float32, ahead)
		for range ahead {
			free <- make([]float32, f.width*blockRows(f.width))
		}
		var reader sync.WaitGroup
		defer reader.Wait()
		defer close(free)
		reader.Go(func() { f.read(file, full, free) })
		for block := range full {
			if !yield(block.x, block.err) || block.err != nil {
				return
			}
			free <- block.x[:cap(block.x)]
		}
	}
}

// readBlock is a block of rows, or why there is none.
type readBlock struct {
	x   []float32
	err error
}

// read fills free buffers until all rows are read, one cannot be read, or no more buffers come.
func (f *FeatureFile) read(file io.Reader, full chan<- readBlock, free <-chan []float32) {
	defer close(full)
	for left := f.rows * int64(f.width); left > 0; {
		x, ok := <-free
		if !ok {
			return
		}
		x = x[:min(left, int64(len(x)))]
		if _, err := io.ReadFull(file, bytesOf(x)); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			full <- readBlock{err: fmt.Errorf("features %s: %w", f.path, err)}
			return
		}
		full <- readBlock{x: x}
		left -= int64(len(x))
	}
}
