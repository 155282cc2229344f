package embedding

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// vectors reads a column of lists of one length, of float, double or FLOAT16 numbers.
func vectors(t *parquet.File, name string) ([][]float32, error) {
	leaf := t.Root().Column(name)
	for !leaf.Leaf() {
		if len(leaf.Columns()) != 1 {
			return nil, errors.New("want a list of numbers")
		}
		leaf = leaf.Columns()[0]
	}
	var rows [][]float32
	err := values(t, leaf, func(v parquet.Value) error {
		x, err := toFloat32(v)
		if err != nil {
			return fmt.Errorf("row %d: %w", len(rows), err)
		}
		if v.RepetitionLevel() == 0 {
			width := 0
			if len(rows) > 0 {
				width = len(rows[0])
			}
			rows = append(rows, make([]float32, 0, width))
		}
		last := len(rows) - 1
		rows[last] = append(rows[last], x)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if int64(len(rows)) != t.NumRows() {
		return nil, fmt.Errorf("%d lists in %d rows", len(rows), t.NumRows())
	}
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return nil, fmt.Errorf("row %d has %d dimensions, row 0 has %d", i, len(row), len(rows[0]))
		}
	}
	return rows, nil
}

func toFloat32(v parquet.Value) (float32, error) {
	switch {
	case v.IsNull():
		return 0, errors.New("a number or a whole embedding is NULL")
	case v.Kind() == parquet.Float:
		return v.Float(), nil
	case v.Kind() == parquet.Double:
		return float32(v.Double()), nil
	case v.Kind() == parquet.FixedLenByteArray && len(v.ByteArray()) == 2:
		b := v.ByteArray()
		return fromFloat16(uint16(b[0]) | uint16(b[1])<<8), nil
	}
	return 0, fmt.Errorf("want float, double or FLOAT16 numbers, not %s", v.Kind())
}

// texts reads a column of text or integers.
func texts(t *parquet.File, name string) ([]string, error) {
	leaf := t.Root().Column(name)
	if leaf == nil || !leaf.Leaf() {
		var names []string
		for _, c := range t.Root().Columns() {
			names = append(names, c.Name())
		}
		return nil, fmt.Errorf("there is no column %q with a text or a number in each row; the columns are %s", name, strings.Join(names, ", "))
	}
	var out []string
	err := values(t, leaf, func(v parquet.Value) error {
		switch {
		case v.IsNull():
			return fmt.Errorf("column %q: row %d is NULL", name, len(out))
		case v.Kind() == parquet.ByteArray:
			out = append(out, string(v.ByteArray()))
		case v.Kind() == parquet.Int32 || v.Kind() == parquet.Int64:
			out = append(out, strconv.FormatInt(v.Int64(), 10))
		default:
			return fmt.Errorf("column %q holds neither text nor integers", name)
		}
		return nil
	})
	return out, err
}

// values calls f for every value of a column.
func values(t *parquet.File, leaf *parquet.Column, f func(parquet.Value) error) error {
	buffer := make([]parquet.Value, 4096)
	for _, group := range t.RowGroups() {
		pages := group.ColumnChunks()[leaf.Index()].Pages()
		err := eachPage(pages, buffer, f)
		if e := pages.Close(); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func eachPage(pages parquet.Pages, buffer []parquet.Value, f func(parquet.Value) error) error {
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		reader := page.Values()
		for err == nil {
			var n int
			n, err = reader.ReadValues(buffer)
			for _, v := range buffer[:n] {
				if e := f(v); e != nil {
					return e
				}
			}
		}
		parquet.Release(page)
		if err != io.EOF {
			return err
		}
	}
}
