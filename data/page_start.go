package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/parquet-go/parquet-go/format"
)

// pageStart is the place of a data page in the file and the first row that begins in it.
type pageStart struct{ offset, row int64 }

// pageStarts finds the data pages of a column chunk. A page index would say the same, but few writers make one, and a damaged
// one would pair images with wrong captions. The headers of the pages are enough, except for lists, whose pages say
// how many values they hold but not how many rows: those pages are decoded.
func pageStarts(file *parquetFile, group int, l leaf) ([]pageStart, error) {
	meta := &file.Metadata().RowGroups[group].Columns[l.index].MetaData
	starts, rows, err := walkHeaders(file.disk, meta)
	if err == nil && l.list {
		rows, err = countRows(file, group, l, starts)
	}
	if err != nil {
		return nil, err
	}
	if want := file.RowGroups()[group].NumRows(); rows != want || len(starts) == 0 {
		return nil, fmt.Errorf("its %d pages hold %d rows of %d: the file is damaged", len(starts), rows, want)
	}
	return starts, nil
}

// walkHeaders jumps from page header to page header. Rows are counted as values.
func walkHeaders(disk io.ReaderAt, meta *format.ColumnMetaData) (starts []pageStart, rows int64, err error) {
	at := chunkStart(meta)
	end := at + meta.TotalCompressedSize
	buffer := bufio.NewReaderSize(nil, 512)
	for at < end {
		header, next, err := readHeader(disk, at, end, buffer)
		if err != nil {
			return nil, 0, err
		}
		values, data := pageValues(header)
		if values < 0 {
			return nil, 0, fmt.Errorf("page header at %d: %d values", at, values)
		}
		if data {
			starts = append(starts, pageStart{offset: at, row: rows})
		}
		rows += values
		at = next
	}
	return starts, rows, nil
}

// countRows replaces the rows in starts by those that really begin in the pages, and returns their sum.
func countRows(file *parquetFile, group int, l leaf, starts []pageStart) (rows int64, err error) {
	var pages pageReader
	pages.reset(file, group, l)
	for i := range starts {
		if err := pages.next(); errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("%d pages of %d: the file is damaged", i, len(starts))
		} else if err != nil {
			return 0, err
		}
		starts[i].row = rows
		for _, level := range pages.page.repetition {
			if level == 0 {
				rows++
			}
		}
	}
	return rows, nil
}

// findStart returns the last page that begins at or before a row.
func findStart(starts []pageStart, row int64) pageStart {
	return starts[sort.Search(len(starts), func(i int) bool { return starts[i].row > row })-1]
}
