// Package parquetsum guards Parquet files that are written and read back here. The format has no checksum that its readers must
// look at; these files have one of everything before the footer, in the footer under Key, so that damage is an error and no
// wrong number, and no decoder meets a length that nobody wrote.
package parquetsum

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Key is the key of the checksum among the footer's key-value pairs.
const Key = "mclclip.pages"

// Errors of Check.
var (
	ErrNone  = errors.New("there is no checksum")
	ErrWrong = errors.New("its checksum is wrong")
)

// Writer counts and hashes what is written through it. The Parquet writer above it must not buffer, so that all pages have
// passed when it is flushed.
type Writer struct {
	w    io.Writer
	sum  hash.Hash
	size int64
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, sum: sha256.New()} }

// Write writes to the underlying writer.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.sum.Write(p[:n])
	w.size += int64(n)
	return n, err
}

// Sum is the value for Key: the number of bytes so far and their SHA-256.
func (w *Writer) Sum() string { return fmt.Sprintf("%d %x", w.size, w.sum.Sum(nil)) }

// Check holds an open file against the checksum in its footer. The footer itself has none, so what it says of where the columns
// lie is held against the pages: they follow each other without a gap.
func Check(r io.ReaderAt, file *parquet.File) error {
	want, _ := file.Lookup(Key)
	n, err := strconv.ParseInt(strings.SplitN(want, " ", 2)[0], 10, 64)
	if err != nil || n < 0 || n > file.Size() {
		return ErrNone
	}
	got := NewWriter(io.Discard)
	if _, err := io.Copy(got, io.NewSectionReader(r, 0, n)); err != nil {
		return err
	}
	if got.Sum() != want || !tiles(file.Metadata().RowGroups, n) {
		return ErrWrong
	}
	return nil
}

// tiles reports whether the columns of all row groups fill the bytes between the magic number and end, in order.
func tiles(groups []format.RowGroup, end int64) bool {
	at := int64(len("PAR1"))
	for _, group := range groups {
		for i := range group.Columns {
			column := &group.Columns[i].MetaData
			first := column.DataPageOffset
			if column.DictionaryPageOffset != 0 {
				first = min(first, column.DictionaryPageOffset)
			}
			size := column.TotalCompressedSize
			if first != at || size < 0 || size > end-at || column.DataPageOffset > at+size || column.NumValues < group.NumRows {
				return false
			}
			at += size
		}
	}
	return at == end
}
