package pack

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mclclip/mclclip/data"
)

// readTable packs the rows of a CSV or TSV file, whose first line names the columns.
func (p *packer) readTable(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	folder := p.config.Root
	if folder == "" {
		folder = filepath.Dir(path)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	t, err := p.openTable(path, file)
	if err != nil {
		return err
	}
	t.root = root
	if t.folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	for {
		row, err := t.reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			p.skip(path, fmt.Sprint("line ", bad.StartLine), &problem{Malformed, bad.Err})
			continue
		}
		if err != nil {
			return err
		}
		if err := p.readRow(t, row); err != nil {
			return err
		}
	}
}

// ErrNoColumn says that a table lacks a column that the Config names, or every one of the usual names.
var ErrNoColumn = errors.New("no column")

// table is an open table.
type table struct {
	path    string
	folder  string // absolute path of root
	root    *os.Root
	reader  *csv.Reader
	columns [3]int // image, caption, key; the last may be -1
}

func (p *packer) openTable(path string, file io.Reader) (*table, error) {
	buffered := bufio.NewReaderSize(file, 1<<20)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3) // the byte order mark of spreadsheet programs
	}
	t := &table{path: path, reader: csv.NewReader(buffered)}
	t.reader.FieldsPerRecord = -1 // a short row is skipped with a reason of its own
	t.reader.ReuseRecord = true
	t.reader.Comma = p.config.comma(path)
	header, err := t.reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the table is empty")
	}
	if err != nil {
		return nil, err
	}
	if err := t.find(p.config, header); err != nil {
		return nil, fmt.Errorf("line 1: %w in %q (separator %q)", err, header, t.reader.Comma)
	}
	return t, nil
}

// find finds the columns by the names in the Config, or by the usual ones.
func (t *table) find(c Config, header []string) error {
	for i, column := range []struct {
		name  string
		usual []string
	}{{c.ImageColumn, ImageColumns()}, {c.CaptionColumn, data.CaptionColumns()}, {name: c.KeyColumn}} {
		names, missing := column.usual, fmt.Errorf("%w called %s", ErrNoColumn, strings.Join(column.usual, ", "))
		if column.name != "" {
			names, missing = []string{column.name}, fmt.Errorf("%w %q", ErrNoColumn, column.name)
		}
		t.columns[i] = -1
		for _, name := range names {
			if t.columns[i] < 0 {
				t.columns[i] = slices.Index(header, name)
			}
		}
		if t.columns[i] < 0 && len(names) > 0 {
			return missing
		}
	}
	return nil
}

func (c Config) comma(path string) rune {
	if c.Separator != "" {
		comma, _ := utf8.DecodeRuneInString(c.Separator)
		return comma
	}
	if strings.EqualFold(filepath.Ext(path), ".tsv") {
		return '\t'
	}
	return ','
}

func (p *packer) readRow(t *table, row []string) error {
	line, _ := t.reader.FieldPos(0)
	entry := fmt.Sprint("line ", line)
	for _, column := range t.columns {
		if column >= len(row) {
			p.skip(t.path, entry, &problem{Malformed, fmt.Errorf("%d fields, want at least %d", len(row), column+1)})
			return nil
		}
	}
	caption, why := checkCaption(row[t.columns[1]])
	if why != nil {
		p.skip(t.path, entry, why)
		return nil
	}
	name := strings.TrimSpace(row[t.columns[0]])
	if name == "" {
		p.skip(t.path, entry, &problem{NoImage, nil})
		return nil
	}
	image, why := readFile(t.root, t.local(name), p.config.MaxImageBytes)
	if why != nil {
		if why.detail == nil {
			why.detail = fmt.Errorf("%s in %s", name, t.folder)
		}
		p.skip(t.path, entry, why)
		return nil
	}
	key := fmt.Sprintf("%s-%d", strings.TrimSuffix(filepath.Base(t.path), filepath.Ext(t.path)), line)
	if t.columns[2] >= 0 {
		key = row[t.columns[2]]
	}
	return p.add(t.path, entry, key, caption, image)
}

// local is the path of a file below the root. Absolute paths that lead there are taken too.
func (t *table) local(name string) string {
	name = filepath.FromSlash(name)
	if !filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	if below, err := filepath.Rel(t.folder, name); err == nil {
		return below
	}
	return name
}
