package data

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// columnReader goes through the rows of one column chunk. Columns have their pages in different places, so each has its own.
type columnReader struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer [32]parquet.Value
	n, at  int
}

// openColumn opens a column of a segment at the segment's first row.
func openColumn(file *parquetFile, seg *segment, l leaf, image bool) (*columnReader, error) {
	group := int(seg.group)
	if seg.offset == 0 {
		return &columnReader{pages: file.RowGroups()[group].ColumnChunks()[l.index].Pages()}, nil
	}
	start := pageStart{offset: seg.offset, row: seg.from}
	if !image {
		starts, err := file.pageStarts(group, l)
		if err != nil {
			return nil, err
		}
		start = findStart(starts, seg.from)
	}
	pages, err := pagesAt(file, group, l, start.offset)
	if err != nil {
		return nil, err
	}
	c := &columnReader{pages: pages}
	if err := c.skip(l, seg.from-start.row); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// pageStarts remembers the pages of a column, as each segment of a row group asks for them.
func (f *parquetFile) pageStarts(group int, l leaf) ([]pageStart, error) {
	at := [2]int{group, l.index}
	if starts, ok := f.starts[at]; ok {
		return starts, nil
	}
	starts, err := pageStarts(f, group, l)
	if err == nil {
		f.starts[at] = starts
	}
	return starts, err
}

// skip passes over rows; in a list column first over the rest of a row that began in the page before.
func (c *columnReader) skip(l leaf, rows int64) error {
	for l.list {
		v, err := c.peek()
		if err != nil {
			return err
		}
		if v.RepetitionLevel() == 0 {
			break
		}
		c.at++
	}
	for range rows {
		if err := c.pass(l); err != nil {
			return err
		}
	}
	return nil
}

// pass goes over one row.
func (c *columnReader) pass(l leaf) error {
	if !l.list {
		_, err := c.next()
		return err
	}
	return c.list(func(parquet.Value) {})
}

// peek returns the next value. It and what it points to are valid until the next call that needs another page.
func (c *columnReader) peek() (parquet.Value, error) {
	if c.at == c.n {
		if err := c.fill(); err != nil {
			return parquet.Value{}, err
		}
	}
	return c.buffer[c.at], nil
}

func (c *columnReader) next() (parquet.Value, error) {
	v, err := c.peek()
	c.at++
	if err != nil {
		c.at = c.n
	}
	return v, err
}

// list calls do for each value of the next row of a list column; NULL stands for an empty or missing list too.
func (c *columnReader) list(do func(parquet.Value)) error {
	v, err := c.next()
	if err != nil {
		return err
	}
	if v.RepetitionLevel() != 0 {
		return errors.New("a row begins in the middle of a list")
	}
	do(v)
	for {
		v, err := c.peek()
		if errors.Is(err, io.EOF) || err == nil && v.RepetitionLevel() == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		do(v)
		c.at++
	}
}

// fill gets the next values; io.EOF says that there are none.
func (c *columnReader) fill() error {
	c.n, c.at = 0, 0
	for {
		if c.values != nil {
			n, err := c.values.ReadValues(c.buffer[:])
			if n > 0 {
				c.n = n
				return nil
			}
			if err == nil {
				return io.ErrNoProgress
			}
			if !errors.Is(err, io.EOF) {
				return err
			}
		}
		page, err := c.pages.ReadPage()
		if err != nil {
			return err
		}
		parquet.Release(c.page)
		c.page, c.values = page, page.Values()
	}
}

func (c *columnReader) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.pages.Close()
}

// appendCaption adds a caption, copied, unless it is NULL or blank.
func appendCaption(captions []string, v parquet.Value) []string {
	if v.IsNull() {
		return captions
	}
	text := string(v.ByteArray())
	if strings.TrimSpace(text) == "" {
		return captions
	}
	return append(captions, text)
}

// keyText returns a key, copied.
func keyText(v parquet.Value) string {
	switch {
	case v.IsNull():
		return ""
	case v.Kind() == parquet.ByteArray:
		return string(v.ByteArray())
	case v.Kind() == parquet.Int32:
		return strconv.FormatInt(int64(v.Int32()), 10)
	}
	return strconv.FormatInt(v.Int64(), 10)
}
