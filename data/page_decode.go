package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// decode decodes a data page (format: Parquet's Encodings.md) and checks that levels and values are as many as the header says: if one were
// missing, captions would move to other images.
func (p *pageReader) decode(header *format.PageHeader, body []byte) error {
	values, _ := pageValues(header)
	if values < 0 || values > p.meta.NumValues {
		return fmt.Errorf("a page of %d values in a column of %d: it is damaged", values, p.meta.NumValues)
	}
	p.page.values = int(values)
	var repetition, definition []byte
	var encoding format.Encoding
	var err error
	if header.Type == format.DataPage {
		encoding = header.DataPageHeader.V.Encoding
		repetition, definition, body, err = p.splitV1(header, body)
	} else {
		encoding = header.DataPageHeaderV2.V.Encoding
		repetition, definition, body, err = p.splitV2(header, body)
	}
	if err != nil {
		return err
	}
	memory := &p.page.levelMemory
	if p.page.repetition, err = levels(&memory[0], repetition, p.leaf.repetition, int(values)); err != nil {
		return fmt.Errorf("repetition levels: %w", err)
	}
	if p.page.definition, err = levels(&memory[1], definition, p.leaf.definition, int(values)); err != nil {
		return fmt.Errorf("definition levels: %w", err)
	}
	present := int(values)
	for _, level := range p.page.definition {
		if level != p.leaf.definition {
			present--
		}
	}
	return p.decodeValues(encoding, body, present)
}

// splitV1 decompresses a page of version 1 and divides it.
func (p *pageReader) splitV1(header *format.PageHeader, body []byte) (repetition, definition, values []byte, err error) {
	h := &header.DataPageHeader.V
	values, err = p.decompress(&p.body, body, int(header.UncompressedPageSize))
	if err != nil {
		return nil, nil, nil, err
	}
	if p.leaf.repetition > 0 {
		if repetition, values, err = cutLength(values); err != nil {
			return nil, nil, nil, err
		}
	}
	if p.leaf.definition > 0 {
		if definition, values, err = cutLength(values); err != nil {
			return nil, nil, nil, err
		}
	}
	packed := p.leaf.repetition > 0 && h.RepetitionLevelEncoding != format.RLE ||
		p.leaf.definition > 0 && h.DefinitionLevelEncoding != format.RLE
	if packed {
		return nil, nil, nil, errors.New("levels in the old bit-packed encoding are not supported: write the shard anew")
	}
	return repetition, definition, values, nil
}

// splitV2 divides a page of version 2, of which only the values are compressed.
func (p *pageReader) splitV2(header *format.PageHeader, body []byte) (repetition, definition, values []byte, err error) {
	h := &header.DataPageHeaderV2.V
	r, d := int(h.RepetitionLevelsByteLength), int(h.DefinitionLevelsByteLength)
	if r < 0 || d < 0 || r > len(body) || d > len(body)-r || r+d > int(header.UncompressedPageSize) {
		return nil, nil, nil, errShortPage
	}
	repetition, definition, values = body[:r], body[r:r+d], body[r+d:]
	if h.IsCompressed.Valid && !h.IsCompressed.V || len(values) == 0 {
		return repetition, definition, values, nil
	}
	values, err = p.decompress(&p.body, values, int(header.UncompressedPageSize)-r-d)
	return repetition, definition, values, err
}

// decodeValues finds the values that are not NULL.
func (p *pageReader) decodeValues(encoding format.Encoding, body []byte, n int) (err error) {
	switch encoding {
	case format.PlainDictionary, format.RLEDictionary:
		return p.lookUp(body, n)
	case format.Plain:
		p.page.bytes, p.page.spans, err = plainValues(p.leaf.kind, body, n, p.page.spans)
	case format.DeltaLengthByteArray, format.DeltaByteArray, format.DeltaBinaryPacked:
		p.page.bytes, p.page.spans, err = deltaValues(p.leaf.kind, encoding, body, n)
	default:
		err = fmt.Errorf("encoding %s is not supported: write the shard anew", encoding)
	}
	return err
}

// lookUp decodes indexes into the dictionary.
func (p *pageReader) lookUp(body []byte, n int) error {
	p.page.spans = p.page.spans[:0]
	p.page.bytes = nil
	if n == 0 {
		return nil
	}
	if err := p.needDictionary(); err != nil {
		return err
	}
	if len(body) == 0 || body[0] > 32 {
		return errShortPage
	}
	p.page.bytes = p.dictionary.bytes
	return runs(body[1:], int(body[0]), n, func(index uint32, count int) error {
		if int64(index) >= int64(len(p.dictionary.spans)) {
			return fmt.Errorf("index %d into a dictionary of %d values: it is damaged", index, len(p.dictionary.spans))
		}
		for range count {
			p.page.spans = append(p.page.spans, p.dictionary.spans[index])
		}
		return nil
	})
}

// plainValues finds n plain values. They must fill the page.
func plainValues(kind parquet.Kind, body []byte, n int, spans []span) ([]byte, []span, error) {
	if kind != parquet.ByteArray {
		return plainNumbers(kind, body, n, spans)
	}
	spans = spans[:0]
	at := 0
	for range n {
		if len(body)-at < 4 {
			return nil, nil, errShortPage
		}
		size := binary.LittleEndian.Uint32(body[at:])
		at += 4
		if uint64(size) > uint64(len(body)-at) {
			return nil, nil, errShortPage
		}
		spans = append(spans, span{uint32(at), uint32(at) + size})
		at += int(size)
	}
	if at != len(body) {
		return nil, nil, fmt.Errorf("a page holds more than its %d values: it is damaged", n)
	}
	return body, spans, nil
}

func plainNumbers(kind parquet.Kind, body []byte, n int, spans []span) ([]byte, []span, error) {
	size := 8
	if kind == parquet.Int32 {
		size = 4
	}
	if len(body) != n*size {
		return nil, nil, errShortPage
	}
	numbers := make([]int64, n)
	for i := range numbers {
		if size == 4 {
			numbers[i] = int64(int32(binary.LittleEndian.Uint32(body[i*4:])))
		} else {
			numbers[i] = int64(binary.LittleEndian.Uint64(body[i*8:]))
		}
	}
	bytes, spans := asText(numbers, spans)
	return bytes, spans, nil
}

// asText writes numbers in decimal: a key is text.
func asText(numbers []int64, spans []span) ([]byte, []span) {
	spans = spans[:0]
	var text []byte
	for _, number := range numbers {
		from := len(text)
		text = strconv.AppendInt(text, number, 10)
		spans = append(spans, span{uint32(from), uint32(len(text))})
	}
	return text, spans
}

// deltaValues decodes the delta encodings with parquet-go, once it is clear that they hold n values.
func deltaValues(kind parquet.Kind, encoding format.Encoding, body []byte, n int) ([]byte, []span, error) {
	if n == 0 {
		return nil, nil, nil
	}
	rest := body
	var count uint64
	for range 3 { // size of blocks, parts of a block, number of values
		var used int
		if count, used = binary.Uvarint(rest); used <= 0 {
			return nil, nil, errShortPage
		}
		rest = rest[used:]
	}
	if count != uint64(n) {
		return nil, nil, fmt.Errorf("a page holds %d values instead of %d: it is damaged", count, n)
	}
	if kind != parquet.ByteArray {
		return deltaNumbers(kind, encoding, body)
	}
	bytes, offsets, err := parquet.LookupEncoding(encoding).DecodeByteArray(nil, slices.Clone(body), nil)
	if err != nil {
		return nil, nil, err
	}
	if len(offsets) != n+1 || !slices.IsSorted(offsets) || uint64(offsets[n]) > uint64(len(bytes)) {
		return nil, nil, fmt.Errorf("a page holds %d values instead of %d: it is damaged", len(offsets)-1, n)
	}
	spans := make([]span, n)
	for i := range spans {
		spans[i] = span{offsets[i], offsets[i+1]}
	}
	return bytes, spans, nil
}

func deltaNumbers(kind parquet.Kind, encoding format.Encoding, body []byte) ([]byte, []span, error) {
	var numbers []int64
	if kind == parquet.Int64 {
		var err error
		if numbers, err = parquet.LookupEncoding(encoding).DecodeInt64(nil, body); err != nil {
			return nil, nil, err
		}
	} else {
		narrow, err := parquet.LookupEncoding(encoding).DecodeInt32(nil, body)
		if err != nil {
			return nil, nil, err
		}
		for _, number := range narrow {
			numbers = append(numbers, int64(number))
		}
	}
	bytes, spans := asText(numbers, nil)
	return bytes, spans, nil
}
