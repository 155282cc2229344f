package data

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// pageReader reads the data pages of a column chunk, one at a time. parquet-go's own reader of pages is not used: in v0.32.0 it
// gives wrong bytes for LZ4 (its issue 608), never ends on damaged LZ4, goes on with fewer values than a damaged page should have, so
// that captions move to other images, and cannot seek without a page index.
type pageReader struct {
	disk       io.ReaderAt
	leaf       leaf
	meta       *format.ColumnMetaData
	at, end    int64 // of the next header, and of the chunk
	headers    *bufio.Reader
	dictionary *dictionary // nil until a page refers to it
	page       page

	compressed, body []byte // memory of the present page, used again
}

// page is a data page. Values that are not NULL lie in bytes; what they are is valid until the next page is read.
type page struct {
	values      int     // NULLs included
	repetition  []uint8 // level of each value; nil where the column has none
	definition  []uint8
	bytes       []byte
	spans       []span // of the values that are not NULL
	levelMemory [2][]uint8
}

// span is where a value lies.
type span struct{ from, to uint32 }

type dictionary struct {
	bytes []byte
	spans []span
}

// reset prepares the reader for a chunk, at its first page.
func (p *pageReader) reset(file *parquetFile, group int, l leaf) {
	p.disk, p.leaf = file.disk, l
	p.meta = &file.Metadata().RowGroups[group].Columns[l.index].MetaData
	p.at = chunkStart(p.meta)
	p.end = p.at + p.meta.TotalCompressedSize
	p.dictionary = nil
	if p.headers == nil {
		p.headers = bufio.NewReaderSize(nil, 512)
	}
}

// next reads the next data page into p.page; io.EOF says that there is none.
func (p *pageReader) next() error {
	for p.at < p.end {
		header, body, err := p.read()
		if err != nil {
			return err
		}
		switch header.Type {
		case format.DictionaryPage:
			err = p.setDictionary(header, body)
		case format.DataPage, format.DataPageV2:
			return p.decode(header, body)
		}
		if err != nil {
			return err
		}
	}
	return io.EOF
}

// read reads one page, not yet decompressed.
func (p *pageReader) read() (*format.PageHeader, []byte, error) {
	header, next, err := readHeader(p.disk, p.at, p.end, p.headers)
	if err != nil {
		return nil, nil, err
	}
	if most := p.meta.TotalUncompressedSize; int64(header.UncompressedPageSize) > max(most, 1<<20) || header.UncompressedPageSize < 0 {
		return nil, nil, fmt.Errorf("page at %d: %d bytes, in a column of %d: it is damaged", p.at, header.UncompressedPageSize, most)
	}
	p.compressed = room(p.compressed, int(header.CompressedPageSize))
	if _, err := p.disk.ReadAt(p.compressed, next-int64(len(p.compressed))); err != nil {
		return nil, nil, fmt.Errorf("page at %d: %w", p.at, unexpected(bare(err)))
	}
	if header.CRC != 0 && uint32(header.CRC) != crc32.ChecksumIEEE(p.compressed) {
		return nil, nil, fmt.Errorf("page at %d: its checksum is wrong: it is damaged", p.at)
	}
	p.at = next
	return header, p.compressed, nil
}

// room returns a slice of n bytes, in the memory of b if there is enough.
func room(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// unexpected keeps the end of a file from looking like the end of a column.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readHeader reads the page header at a place of the file and returns the place of the next one.
func readHeader(disk io.ReaderAt, at, end int64, buffer *bufio.Reader) (header *format.PageHeader, next int64, err error) {
	section := io.NewSectionReader(disk, at, end-at)
	buffer.Reset(section)
	var protocol thrift.CompactProtocol
	header = new(format.PageHeader)
	if err := thrift.NewDecoder(boundedReader{protocol.NewReader(buffer), end - at}).Decode(header); err != nil {
		return nil, 0, fmt.Errorf("page header at %d: %w", at, unexpected(err))
	}
	read, err := section.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, 0, err
	}
	next = at + read - int64(buffer.Buffered()) + int64(header.CompressedPageSize)
	if header.CompressedPageSize < 0 || next > end {
		return nil, 0, fmt.Errorf("page header at %d: a page of %d bytes does not fit: it is damaged", at, header.CompressedPageSize)
	}
	return header, next, nil
}

// boundedReader makes no room for more bytes than there are, whatever a damaged length claims.
type boundedReader struct {
	thriftReader
	limit int64
}

type thriftReader = thrift.Reader // a field called Reader would hide its method

func (r boundedReader) ReadBytes() ([]byte, error) {
	n, err := r.ReadLength()
	if err != nil {
		return nil, err
	}
	if int64(n) > r.limit {
		return nil, fmt.Errorf("%d bytes are claimed, at most %d are there", n, r.limit)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r.Reader(), b)
	return b, err
}

func (r boundedReader) ReadString() (string, error) {
	b, err := r.ReadBytes()
	return string(b), err
}

// pageValues returns the number of values of a data page, NULLs included.
func pageValues(header *format.PageHeader) (values int64, data bool) {
	switch header.Type {
	case format.DataPage:
		return int64(header.DataPageHeader.V.NumValues), true
	case format.DataPageV2:
		return int64(header.DataPageHeaderV2.V.NumValues), true
	}
	return 0, false
}

// setDictionary decodes a dictionary page. It keeps its memory, as pages to come refer to it.
func (p *pageReader) setDictionary(header *format.PageHeader, body []byte) error {
	n := header.DictionaryPageHeader.V.NumValues
	if n < 0 || int64(n) > int64(math.MaxInt32) {
		return errors.New("a dictionary page is damaged")
	}
	var memory []byte
	values, err := p.decompress(&memory, body, int(header.UncompressedPageSize))
	if err != nil {
		return err
	}
	if memory == nil {
		values = slices.Clone(values)
	}
	bytes, spans, err := plainValues(p.leaf.kind, values, int(n), nil)
	if err != nil {
		return fmt.Errorf("dictionary page: %w", err)
	}
	p.dictionary = &dictionary{bytes: bytes, spans: spans}
	return nil
}

// needDictionary reads the dictionary when a page refers to it and reading began behind it.
func (p *pageReader) needDictionary() error {
	if p.dictionary != nil {
		return nil
	}
	first := &pageReader{disk: p.disk, leaf: p.leaf, meta: p.meta, at: chunkStart(p.meta), end: p.end, headers: p.headers}
	header, body, err := first.read()
	if err != nil {
		return err
	}
	if header.Type != format.DictionaryPage {
		return errors.New("a page refers to a dictionary that is not there")
	}
	if err := first.setDictionary(header, body); err != nil {
		return err
	}
	p.dictionary = first.dictionary
	return nil
}

// cutLength cuts the levels off a page of version 1, where their length comes first.
func cutLength(body []byte) (levels, rest []byte, err error) {
	if len(body) < 4 {
		return nil, nil, errShortPage
	}
	n := binary.LittleEndian.Uint32(body)
	if uint64(n) > uint64(len(body)-4) {
		return nil, nil, errShortPage
	}
	return body[4 : 4+n], body[4+n:], nil
}

var errShortPage = errors.New("a page is shorter than its content: it is damaged")
