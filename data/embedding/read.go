package embedding

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/parquetsum"
)

// Set is a folder of embeddings, read back whole.
type Set struct {
	Dir   string
	Meta  Meta        // zero where another program wrote the folder
	Image [][]float32 // [rows][D]; nil where there are none
	Text  [][]float32

	tables []string // Parquet files with the other columns, in row order
}

// Read reads a folder of either layout: that of NewParquet, Parquet files with the columns image_embedding and text_embedding, or
// that of NewNPY and clip-retrieval. Either side may be missing. All rows are held in memory as float32.
func Read(dir string) (*Set, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("embeddings %s: no such folder", dir)
	}
	s := &Set{Dir: dir}
	parts, err := filepath.Glob(filepath.Join(dir, "img_emb", "img_emb_*.npy"))
	if err != nil {
		return nil, err
	}
	texts, _ := filepath.Glob(filepath.Join(dir, "text_emb", "text_emb_*.npy"))
	if len(parts)+len(texts) > 0 {
		err = s.readNPY(parts, texts)
	} else {
		err = s.readParquet()
	}
	if err != nil {
		return nil, fmt.Errorf("embeddings %s: %w", dir, err)
	}
	return s, nil
}

// Rows returns the number of rows.
func (s *Set) Rows() int { return max(len(s.Image), len(s.Text)) }

func (s *Set) readParquet() error {
	var err error
	if s.tables, err = filepath.Glob(filepath.Join(s.Dir, "*.parquet")); err != nil {
		return err
	}
	if len(s.tables) == 0 {
		return fmt.Errorf("it holds neither *.parquet nor img_emb/img_emb_*.npy: give a folder that mclclip export wrote")
	}
	slices.Sort(s.tables)
	for _, path := range s.tables {
		err := withTable(path, func(t *parquet.File) error {
			if err := s.readMeta(t); err != nil {
				return err
			}
			for name, into := range map[string]*[][]float32{"image_embedding": &s.Image, "text_embedding": &s.Text} {
				if t.Root().Column(name) == nil {
					continue
				}
				rows, err := vectors(t, name)
				if err != nil {
					return fmt.Errorf("column %s: %w", name, err)
				}
				*into = append(*into, rows...)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.check()
}

func (s *Set) readNPY(images, texts []string) error {
	for _, side := range []struct {
		paths []string
		into  *[][]float32
	}{{images, &s.Image}, {texts, &s.Text}} {
		slices.Sort(side.paths)
		for _, path := range side.paths {
			rows, err := ReadNPY(path)
			if err != nil {
				return err
			}
			*side.into = append(*side.into, rows...)
		}
	}
	s.tables, _ = filepath.Glob(filepath.Join(s.Dir, "metadata", "metadata_*.parquet"))
	slices.Sort(s.tables)
	for _, path := range s.tables {
		if err := withTable(path, s.readMeta); err != nil {
			return err
		}
	}
	return s.check()
}

// readMeta takes the meta data of a footer; two files that say different things are not of one export.
func (s *Set) readMeta(t *parquet.File) error {
	text, ok := t.Lookup(MetaKey)
	if !ok {
		return nil
	}
	var m Meta
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return fmt.Errorf("footer key %s: %w", MetaKey, err)
	}
	if s.Meta.Dim != 0 && s.Meta.JSON() != m.JSON() {
		return fmt.Errorf("the files of the folder are of two exports: their footers differ")
	}
	s.Meta = m
	return nil
}

// check makes sure that the sides fit each other and the meta data.
func (s *Set) check() error {
	if s.Image != nil && s.Text != nil && len(s.Image) != len(s.Text) {
		return fmt.Errorf("%d image and %d text embeddings", len(s.Image), len(s.Text))
	}
	if s.Rows() == 0 {
		return fmt.Errorf("it holds no embeddings")
	}
	for _, rows := range [][][]float32{s.Image, s.Text} {
		if len(rows) > 0 && s.Meta.Dim != 0 && len(rows[0]) != s.Meta.Dim {
			return fmt.Errorf("the embeddings have %d dimensions, the meta data say %d", len(rows[0]), s.Meta.Dim)
		}
	}
	return nil
}

// Column returns another column, of text or integers, such as caption, key or a label, by row.
func (s *Set) Column(name string) ([]string, error) {
	var values []string
	for _, path := range s.tables {
		err := withTable(path, func(t *parquet.File) error {
			part, err := texts(t, name)
			values = append(values, part...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("embeddings %s: %w", s.Dir, err)
		}
	}
	if len(values) != s.Rows() {
		return nil, fmt.Errorf("embeddings %s: column %q has %d values for %d rows", s.Dir, name, len(values), s.Rows())
	}
	return values, nil
}

// withTable opens a Parquet file for f. A file of an export is held against its checksum first.
func withTable(path string, f func(*parquet.File) error) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("panic while decoding: %v", caught)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}()
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := data.CheckFooter(file, info.Size()); err != nil {
		return err
	}
	t, err := parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	if _, ours := t.Lookup(MetaKey); ours {
		if err := parquetsum.Check(file, t); err != nil {
			return fmt.Errorf("%w: the file is damaged; export it again", err)
		}
	}
	return f(t)
}
