package data

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
)

// Limits of the list of skipped rows: what is held in memory before it goes to a file, and the length of a detail.
const (
	skipsInMemory = 1 << 20
	longestDetail = 200
)

var skipColumns = []string{"row", "shard", "shard_row", "key", "reason", "detail"}

// skipList holds the skipped rows as CSV: of a large download with dead links they may be a third of all rows.
type skipList struct {
	rows  overflow
	saved string // path of a list that was loaded; then rows is empty
}

func newSkipList(tempDir string) *skipList {
	return &skipList{rows: overflow{dir: tempDir, pattern: "mclclip-skipped-*", limit: skipsInMemory}}
}

func (l *skipList) add(s Skip) error {
	if len(s.Detail) > longestDetail {
		s.Detail = s.Detail[:longestDetail] + "..."
	}
	w := csv.NewWriter(&l.rows)
	clean := func(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
	record := []string{
		strconv.FormatInt(s.Row, 10), s.Shard, strconv.FormatInt(s.Local, 10), clean(s.Key), clean(s.Reason), clean(s.Detail),
	}
	if err := w.Write(record); err != nil {
		return fmt.Errorf("list of skipped rows: %w", err)
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("list of skipped rows: %w", err)
	}
	return nil
}

// open returns a reader of the whole list, without the line of column names.
func (l *skipList) open() (io.ReadCloser, error) {
	if l.saved != "" {
		return os.Open(l.saved)
	}
	r, err := l.rows.reader()
	return io.NopCloser(r), err
}

// Skips returns the first 1,000 rows that were left out, in row order; AllSkips yields all.
func (x *Index) Skips() []Skip {
	var skips []Skip
	for skip, err := range x.AllSkips() {
		if err != nil || len(skips) == listed {
			break
		}
		skips = append(skips, skip)
	}
	return skips
}

// AllSkips yields the rows that were left out, in row order.
func (x *Index) AllSkips() iter.Seq2[Skip, error] {
	return func(yield func(Skip, error) bool) {
		file, err := x.skips.open()
		if err != nil {
			yield(Skip{}, fmt.Errorf("list of skipped rows: %w", err))
			return
		}
		defer file.Close()
		for skip, err := range parseSkips(file) {
			if err == nil { // a list that was loaded may name the shards by older paths
				var shard int
				shard, skip.Local = x.source.Locate(skip.Row)
				skip.Shard = x.source.shards[shard].Path
			}
			if !yield(skip, err) || err != nil {
				return
			}
		}
	}
}

// parseSkips reads lines as add wrote them, passing over the line of column names.
func parseSkips(r io.Reader) iter.Seq2[Skip, error] {
	return func(yield func(Skip, error) bool) {
		lines := csv.NewReader(r)
		lines.FieldsPerRecord = len(skipColumns)
		for {
			record, err := lines.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && record[0] == skipColumns[0] {
				continue
			}
			skip := Skip{}
			if err == nil {
				skip = Skip{Shard: record[1], Key: record[3], Reason: record[4], Detail: record[5]}
				var rowErr, localErr error
				skip.Row, rowErr = strconv.ParseInt(record[0], 10, 64)
				skip.Local, localErr = strconv.ParseInt(record[2], 10, 64)
				err = errors.Join(rowErr, localErr)
			}
			if err != nil {
				yield(Skip{}, fmt.Errorf("list of skipped rows: %w", err))
				return
			}
			if !yield(skip, nil) {
				return
			}
		}
	}
}
