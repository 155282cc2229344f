package inspect

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"

	"github.com/mclclip/mclclip/data"
)

// Config holds what Run does not know itself.
type Config struct {
	Check    func(image []byte) error // can the image be used? Called from many goroutines; nil accepts all
	Reason   func(error) string       // stable key of an error of Check
	Tokens   func(caption string) int // ids of a caption with start and end, however many they are
	Context  int                      // tokens beyond which a caption is cut
	Progress func(done, total int64)  // rows scanned; may be nil
	Skipped  io.Writer                // gets all rows that cannot be used as CSV; may be nil
}

// captionBatch is how many rows' captions are read at once.
const captionBatch = 4096

// Run reads every row of the source twice: the images to check them, then the captions of the rows that can be used. It keeps
// 24 bytes a row. That no row can be used is an error.
func Run(ctx context.Context, s *data.Source, c Config) (*Report, error) {
	r := &Report{Fingerprint: s.Fingerprint(), Rows: s.Rows()}
	r.ImageColumn, r.CaptionColumn, r.KeyColumn = s.Columns()
	if err := r.addShards(s.Shards()); err != nil {
		return nil, err
	}
	index, err := r.addImages(ctx, s, c)
	if err != nil {
		return nil, err
	}
	r.Usable, r.Bad = index.Usable(), index.Counts()
	if c.Skipped != nil {
		if err := index.WriteSkips(c.Skipped); err != nil {
			return nil, err
		}
	}
	for _, skip := range index.Skips()[:min(len(index.Skips()), maxExamples)] {
		r.Examples = append(r.Examples, Example{skip.Shard, skip.Local, skip.Reason, skip.Detail})
	}
	return r, r.addCaptions(ctx, index, c)
}

// addShards reads the footers once more, for the columns and the row groups.
func (r *Report) addShards(shards []data.Shard) error {
	var groups []int64
	for i, shard := range shards {
		r.Shards++
		r.Bytes += shard.Bytes
		rows, columns, err := readFooter(shard.Path)
		if err != nil {
			return fmt.Errorf("shard %s: %w", shard.Path, err)
		}
		groups = append(groups, rows...)
		if i == 0 {
			r.Columns = columns
		}
	}
	r.RowGroups = spread(groups)
	return nil
}

func readFooter(path string) (rows []int64, columns []Column, err error) {
	disk, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer disk.Close()
	info, err := disk.Stat()
	if err != nil {
		return nil, nil, err
	}
	file, err := parquet.OpenFile(disk, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, nil, err
	}
	for _, group := range file.RowGroups() {
		rows = append(rows, group.NumRows())
	}
	return rows, leaves(file.Root()), nil
}

// leaves lists the columns that hold values.
func leaves(column *parquet.Column) (columns []Column) {
	for _, child := range column.Columns() {
		if child.Leaf() {
			columns = append(columns, Column{strings.Join(child.Path(), "."), child.Type().String()})
		}
		columns = append(columns, leaves(child)...)
	}
	return columns
}

// addImages scans all rows and notes the sizes of the images that are checked.
func (r *Report) addImages(ctx context.Context, s *data.Source, c Config) (*data.Index, error) {
	var mu sync.Mutex
	var sizes []int64
	check := func(image []byte) error {
		mu.Lock()
		sizes = append(sizes, int64(len(image)))
		mu.Unlock()
		if c.Check == nil {
			return nil
		}
		return c.Check(image)
	}
	index, err := data.Scan(ctx, s, check, c.Reason, data.ScanConfig{Progress: c.Progress})
	if err != nil {
		return nil, err
	}
	r.ImageBytes = spread(sizes)
	return index, nil
}

func (r *Report) addCaptions(ctx context.Context, index *data.Index, c Config) error {
	seed := maphash.MakeSeed()
	var tokens []int64
	var hashes []uint64
	for batch, err := range data.Sequential(ctx, index, captionBatch, data.Transform{}, data.LoaderConfig{}) {
		if err != nil {
			return err
		}
		for _, captions := range batch.Captions {
			for _, caption := range captions {
				tokens = append(tokens, int64(c.Tokens(caption)))
				hashes = append(hashes, maphash.String(seed, caption))
			}
		}
	}
	for _, n := range tokens {
		if n > int64(c.Context) {
			r.Captions.Cut++
		}
	}
	r.Captions.Context = c.Context
	r.Captions.Duplicates = duplicates(hashes)
	r.Captions.Tokens = spread(tokens)
	r.Captions.CutShare = float64(r.Captions.Cut) / float64(max(1, len(tokens)))
	return nil
}

// duplicates counts the values that are equal to an earlier one. Different captions of the same 64-bit hash are not to be
// expected.
func duplicates(hashes []uint64) int64 {
	slices.Sort(hashes)
	return int64(len(hashes) - len(slices.Compact(hashes)))
}
