// Package thriftcheck looks over a struct in Thrift's compact protocol, such as the footer of a Parquet file, before a decoder
// believes it: decoders make room for as many list elements and bytes as a length claims.
package thriftcheck

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxDepth is far above what Parquet nests; a decoder recurses as deep as the bytes say.
const maxDepth = 32

var errCut = errors.New("it ends inside a field")

// Struct returns an error unless b begins with a whole struct: every length in it fits the bytes that are there.
func Struct(b []byte) error {
	w := walker{rest: b}
	return w.structure(0)
}

// The types of the compact protocol.
const (
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeI16    = 4
	typeI64    = 6
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeMap    = 11
	typeStruct = 12
)

type walker struct{ rest []byte }

func (w *walker) structure(depth int) error {
	for {
		header, err := w.byte()
		if err != nil || header == 0 {
			return err
		}
		if header>>4 == 0 { // the field's number is not that of the last plus 1 to 15
			if _, err := w.varint(); err != nil {
				return err
			}
		}
		if kind := header & 15; kind != typeTrue && kind != typeFalse { // the header holds a field's truth value
			if err := w.value(kind, depth); err != nil {
				return err
			}
		}
	}
}

func (w *walker) value(kind byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("values are nested more than %d deep", maxDepth)
	}
	switch kind {
	case typeTrue, typeFalse, typeByte:
		return w.skip(1)
	case typeI16, typeI16 + 1, typeI64:
		_, err := w.varint()
		return err
	case typeDouble:
		return w.skip(8)
	case typeBinary:
		n, err := w.varint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case typeList, typeSet:
		return w.list(depth)
	case typeMap:
		return w.pairs(depth)
	case typeStruct:
		return w.structure(depth + 1)
	}
	return fmt.Errorf("type %d is unknown", kind)
}

func (w *walker) list(depth int) error {
	header, err := w.byte()
	if err != nil {
		return err
	}
	n := uint64(header >> 4)
	if n == 15 {
		if n, err = w.varint(); err != nil {
			return err
		}
	}
	return w.elements(n, depth, header&15)
}

func (w *walker) pairs(depth int) error {
	n, err := w.varint()
	if err != nil || n == 0 {
		return err
	}
	types, err := w.byte()
	if err != nil {
		return err
	}
	return w.elements(n, depth, types>>4, types&15)
}

// elements passes over n elements, or pairs, each of which takes a byte at least.
func (w *walker) elements(n uint64, depth int, kinds ...byte) error {
	if n > uint64(len(w.rest)) {
		return fmt.Errorf("%d elements in %d bytes", n, len(w.rest))
	}
	for range n {
		for _, kind := range kinds {
			if err := w.value(kind, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walker) byte() (byte, error) {
	if len(w.rest) == 0 {
		return 0, errCut
	}
	b := w.rest[0]
	w.rest = w.rest[1:]
	return b, nil
}

func (w *walker) varint() (uint64, error) {
	n, used := binary.Uvarint(w.rest)
	if used <= 0 {
		return 0, errCut
	}
	w.rest = w.rest[used:]
	return n, nil
}

func (w *walker) skip(n uint64) error {
	if n > uint64(len(w.rest)) {
		return fmt.Errorf("%d bytes are claimed, %d are there", n, len(w.rest))
	}
	w.rest = w.rest[n:]
	return nil
}
