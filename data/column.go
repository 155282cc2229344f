package data

import (
	"errors"
	"io"
	"strings"
)

// columnReader goes through the rows of a column. Columns have their pages in different places, so each has its own.
// Its memory is used for one segment after the other.
type columnReader struct {
	pages   pageReader
	at      int // value of the page
	present int // values before it that are not NULL
}

// value is one value; its bytes are valid until the next one is asked for.
type value struct {
	bytes []byte
	null  bool
	inRow bool // it goes on a list
}

// open goes to the first row of a segment.
func (c *columnReader) open(file *parquetFile, seg *segment, l leaf, image bool) error {
	c.pages.reset(file, int(seg.group), l)
	c.pages.page.values, c.at, c.present = 0, 0, 0
	if seg.offset == 0 {
		return nil
	}
	start := pageStart{offset: seg.offset, row: seg.from}
	if !image {
		starts, err := file.pageStarts(int(seg.group), l)
		if err != nil {
			return err
		}
		start = findStart(starts, seg.from)
	}
	c.pages.at = start.offset
	return c.skip(seg.from - start.row)
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
func (c *columnReader) skip(rows int64) error {
	for c.pages.leaf.list {
		v, err := c.peek()
		if err != nil {
			return err
		}
		if !v.inRow {
			break
		}
		c.step(v)
	}
	for range rows {
		if err := c.row(func(value) {}); err != nil {
			return err
		}
	}
	return nil
}

// peek returns the next value; io.EOF says that there is none.
func (c *columnReader) peek() (v value, err error) {
	p := &c.pages.page
	for c.at == p.values {
		if err := c.pages.next(); err != nil {
			return value{}, err
		}
		c.at, c.present = 0, 0
	}
	v.inRow = p.repetition != nil && p.repetition[c.at] > 0
	v.null = p.definition != nil && p.definition[c.at] != c.pages.leaf.definition
	if !v.null {
		at := p.spans[c.present]
		v.bytes = p.bytes[at.from:at.to:at.to]
	}
	return v, nil
}

// step passes over the value that peek returned.
func (c *columnReader) step(v value) {
	c.at++
	if !v.null {
		c.present++
	}
}

// row calls do for each value of the next row: one, or those of a list, where NULL stands for an empty or missing list too.
func (c *columnReader) row(do func(value)) error {
	v, err := c.peek()
	if err != nil {
		return err
	}
	if v.inRow {
		return errors.New("a row begins in the middle of a list: the file is damaged")
	}
	do(v)
	c.step(v)
	for c.pages.leaf.list {
		v, err := c.peek()
		if errors.Is(err, io.EOF) || err == nil && !v.inRow {
			return nil
		}
		if err != nil {
			return err
		}
		do(v)
		c.step(v)
	}
	return nil
}

// ended makes sure that the column ends with the row group: if it does not, its rows are not those of the other columns.
func (c *columnReader) ended() error {
	if _, err := c.peek(); err == nil {
		return errors.New("it has more rows than the row group: the file is damaged")
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// appendCaption adds a caption, copied, unless it is NULL or blank.
func appendCaption(captions []string, v value) []string {
	text := string(v.bytes)
	if v.null || strings.TrimSpace(text) == "" {
		return captions
	}
	return append(captions, text)
}
