package data

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

var duplicateColumns = []string{"row", "image_class", "caption_class"}

// writeDuplicates writes the rows that share an image or a caption as CSV; a class is empty where the row shares none.
func writeDuplicates(w io.Writer, d *Duplicates) error {
	lines := csv.NewWriter(w)
	if err := lines.Write(duplicateColumns); err != nil {
		return err
	}
	class := func(c int32) string {
		if c == 0 {
			return ""
		}
		return strconv.Itoa(int(c))
	}
	for i := range d.Rows() {
		c := d.classes[i]
		if err := lines.Write([]string{strconv.FormatInt(d.rows[i], 10), class(c.Image), class(c.Caption)}); err != nil {
			return err
		}
	}
	lines.Flush()
	return lines.Error()
}

// readDuplicates reads what writeDuplicates wrote of a source with so many rows.
func readDuplicates(r io.Reader, rows int64) (*Duplicates, error) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord, lines.ReuseRecord = len(duplicateColumns), true
	if _, err := lines.Read(); err != nil {
		return nil, fmt.Errorf("%s: %w", duplicatesFile, err)
	}
	d := &Duplicates{}
	for last := int64(-1); ; {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", duplicatesFile, err)
		}
		row, rowErr := strconv.ParseInt(record[0], 10, 64)
		image, imageErr := parseClass(record[1])
		caption, captionErr := parseClass(record[2])
		if err := errors.Join(rowErr, imageErr, captionErr); err != nil {
			return nil, fmt.Errorf("%s: %w", duplicatesFile, err)
		}
		if row <= last || row >= rows {
			return nil, fmt.Errorf("%s: row %d is out of range or out of order", duplicatesFile, row)
		}
		last = row
		d.rows, d.classes = append(d.rows, row), append(d.classes, Classes{image, caption})
	}
}

func parseClass(text string) (int32, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err == nil && (n < 1 || n > math.MaxInt32) {
		err = fmt.Errorf("class %d is out of range", n)
	}
	return int32(n), err
}
