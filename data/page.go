package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
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

// readHeader reads the page header at a place of the file and returns the place of the next one.
func readHeader(disk io.ReaderAt, at, end int64, buffer *bufio.Reader) (header *format.PageHeader, next int64, err error) {
	section := io.NewSectionReader(disk, at, end-at)
	buffer.Reset(section)
	var protocol thrift.CompactProtocol
	header = new(format.PageHeader)
	if err := thrift.NewDecoder(protocol.NewReader(buffer)).Decode(header); err != nil {
		return nil, 0, fmt.Errorf("page header at %d: %w", at, err)
	}
	read, err := section.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, 0, err
	}
	next = at + read - int64(buffer.Buffered()) + int64(header.CompressedPageSize)
	if header.CompressedPageSize < 0 || next > end {
		return nil, 0, fmt.Errorf("page header at %d: a page of %d bytes does not fit", at, header.CompressedPageSize)
	}
	return header, next, nil
}

// pageValues returns the number of values of a data page.
func pageValues(header *format.PageHeader) (values int64, data bool) {
	switch header.Type {
	case format.DataPage:
		return int64(header.DataPageHeader.V.NumValues), true
	case format.DataPageV2:
		return int64(header.DataPageHeaderV2.V.NumValues), true
	}
	return 0, false
}

// countRows replaces the rows in starts by those that really begin in the pages, and returns their sum.
func countRows(file *parquetFile, group int, l leaf, starts []pageStart) (rows int64, err error) {
	pages := file.RowGroups()[group].ColumnChunks()[l.index].Pages()
	defer pages.Close()
	for i := range starts {
		page, err := pages.ReadPage()
		if err != nil {
			return 0, fmt.Errorf("page %d: %w", i, err)
		}
		starts[i].row = rows
		for _, level := range page.RepetitionLevels() {
			if level == 0 {
				rows++
			}
		}
		parquet.Release(page)
	}
	return rows, nil
}

// pagesAt opens the pages of a column chunk at the data page at offset.
func pagesAt(file *parquetFile, group int, l leaf, offset int64) (parquet.Pages, error) {
	chunk, ok := file.RowGroups()[group].ColumnChunks()[l.index].(*parquet.FileColumnChunk)
	if !ok {
		return nil, errors.New("the row group does not lie in a file")
	}
	meta := &file.Metadata().RowGroups[group].Columns[l.index].MetaData
	end := chunkStart(meta) + meta.TotalCompressedSize
	first := meta.DataPageOffset
	header, next, err := readHeader(file.disk, first, end, bufio.NewReaderSize(nil, 512))
	if err != nil {
		return nil, err
	}
	if header.Type == format.DictionaryPage { // some footers do not tell where the dictionary is
		first = next
	}
	pages := chunk.PagesFrom(&shiftedPages{disk: file.disk, first: first, shift: offset - first, end: end})
	if err := pages.SeekToRow(0); err != nil { // past the dictionary, which is read when a page refers to it
		pages.Close()
		return nil, err
	}
	return pages, nil
}

// findStart returns the last page that begins at or before a row.
func findStart(starts []pageStart, row int64) pageStart {
	return starts[sort.Search(len(starts), func(i int) bool { return starts[i].row > row })-1]
}

// shiftedPages shows a column chunk from which the data pages before one are missing: parquet-go can seek only with a
// page index or by decoding all pages before.
type shiftedPages struct {
	disk              io.ReaderAt
	first, shift, end int64
}

func (s *shiftedPages) ReadAt(b []byte, off int64) (n int, err error) {
	if off < s.first {
		dictionary := b[:min(int64(len(b)), s.first-off)]
		if n, err = s.disk.ReadAt(dictionary, off); n < len(dictionary) || n == len(b) {
			return n, err
		}
	}
	at := off + int64(n) + s.shift
	rest := b[n:]
	if at >= s.end {
		return n, io.EOF
	}
	whole := int64(len(rest)) <= s.end-at
	if !whole {
		rest = rest[:s.end-at]
	}
	read, err := s.disk.ReadAt(rest, at)
	if err == nil && !whole {
		err = io.EOF
	}
	return n + read, err
}
