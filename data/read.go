package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// openFiles is how many shards a reader keeps open.
const openFiles = 16

// pairRow is a row as it was read.
type pairRow struct {
	number   int64
	image    []byte // valid during the call only; nil for NULL
	hasPath  bool   // the image's struct has a path
	captions []string
	key      string
}

// reader reads segments. It belongs to one goroutine.
type reader struct {
	source       *Source
	images, meta bool // whether images, and whether keys and paths, are read
	open         []openShardFile
}

type openShardFile struct {
	shard int32
	file  *parquetFile
}

func (r *reader) close() {
	for _, o := range r.open {
		o.file.close()
	}
	r.open = nil
}

// file opens a shard, or finds it open, and makes sure that it is still the file of which the footer was read.
func (r *reader) file(index int32) (*parquetFile, error) {
	shard := &r.source.shards[index]
	info, err := os.Stat(shard.Path)
	if err != nil {
		return nil, fmt.Errorf("shard %s: the file is gone: %w", shard.Path, bare(err))
	}
	if i := slices.IndexFunc(r.open, func(o openShardFile) bool { return o.shard == index }); i >= 0 {
		o := r.open[i]
		r.open = slices.Delete(r.open, i, i+1)
		if os.SameFile(info, o.file.info) && info.Size() == o.file.info.Size() && info.ModTime().Equal(o.file.info.ModTime()) {
			r.open = append(r.open, o)
			return o.file, nil
		}
		o.file.close()
	}
	file, err := openFile(shard.Path)
	if err != nil {
		return nil, fmt.Errorf("shard %s: the file changed since it was first read: %w", shard.Path, err)
	}
	if file.fingerprint != shard.Fingerprint {
		file.close()
		return nil, fmt.Errorf("shard %s: the file changed since it was first read: start again", shard.Path)
	}
	if len(r.open) == openFiles {
		r.open[0].file.close()
		r.open = slices.Delete(r.open, 0, 1)
	}
	r.open = append(r.open, openShardFile{shard: index, file: file})
	return file, nil
}

// read calls do for the wanted rows, which lie in the segment and ascend. Errors name shard and row.
func (r *reader) read(ctx context.Context, seg *segment, wanted []int64, do func(*pairRow) error) error {
	if len(wanted) == 0 {
		return nil
	}
	file, err := r.file(seg.shard)
	if err != nil {
		return err
	}
	s := segmentReader{reader: r, file: file, seg: seg, at: seg.first}
	defer s.close()
	if err := s.openColumns(); err != nil {
		return r.source.rowError(s.at, err)
	}
	for _, row := range wanted {
		if err := ctx.Err(); err != nil {
			return err
		}
		pair, err := s.row(row)
		if err != nil {
			return r.source.rowError(s.at, err)
		}
		if err := do(pair); err != nil {
			return err
		}
	}
	return nil
}

// segmentReader goes through the columns of one segment in step.
type segmentReader struct {
	*reader
	file                      *parquetFile
	seg                       *segment
	at                        int64 // next row
	image, path, caption, key *columnReader
	pair                      pairRow
}

func (s *segmentReader) openColumns() (err error) {
	defer contain(&err)
	c := s.source.shards[s.seg.shard].columns
	for _, column := range []struct {
		leaf
		to     **columnReader
		needed bool
	}{{c.image, &s.image, s.images}, {c.path, &s.path, s.meta}, {c.caption, &s.caption, true}, {c.key, &s.key, s.meta}} {
		if !column.needed || column.name == "" {
			continue
		}
		if *column.to, err = openColumn(s.file, s.seg, column.leaf, column.to == &s.image); err != nil {
			return columnError(column.leaf, err)
		}
	}
	return nil
}

func columnError(l leaf, err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("column %q ends before the row group does: the file is damaged", l.name)
	}
	return fmt.Errorf("column %q: %w", l.name, err)
}

func (s *segmentReader) close() {
	for _, c := range []*columnReader{s.image, s.path, s.caption, s.key} {
		if c != nil {
			c.close()
		}
	}
}

// row passes over the rows before the wanted one and returns it.
func (s *segmentReader) row(wanted int64) (pair *pairRow, err error) {
	defer contain(&err)
	c := &s.source.shards[s.seg.shard].columns
	for ; s.at < wanted; s.at++ {
		for _, column := range []struct {
			leaf
			*columnReader
		}{{c.image, s.image}, {c.path, s.path}, {c.caption, s.caption}, {c.key, s.key}} {
			if column.columnReader == nil {
				continue
			}
			if err := column.pass(column.leaf); err != nil {
				return nil, columnError(column.leaf, err)
			}
		}
	}
	if err := s.take(c); err != nil {
		return nil, err
	}
	s.pair.number = wanted
	s.at++
	return &s.pair, nil
}

// take reads one row of each column into s.pair.
func (s *segmentReader) take(c *columns) error {
	s.pair = pairRow{captions: s.pair.captions[:0]}
	if s.image != nil {
		v, err := s.image.next()
		if err != nil {
			return columnError(c.image, err)
		}
		if !v.IsNull() {
			s.pair.image = v.ByteArray()
			if s.pair.image == nil {
				s.pair.image = []byte{}
			}
		}
	}
	if s.path != nil {
		v, err := s.path.next()
		if err != nil {
			return columnError(c.path, err)
		}
		s.pair.hasPath = !v.IsNull() && len(v.ByteArray()) > 0
	}
	if s.key != nil {
		v, err := s.key.next()
		if err != nil {
			return columnError(c.key, err)
		}
		s.pair.key = keyText(v)
	}
	return s.takeCaptions(c)
}

func (s *segmentReader) takeCaptions(c *columns) error {
	if !c.caption.list {
		v, err := s.caption.next()
		if err != nil {
			return columnError(c.caption, err)
		}
		s.pair.captions = appendCaption(s.pair.captions, v)
		return nil
	}
	err := s.caption.list(func(v parquet.Value) { s.pair.captions = appendCaption(s.pair.captions, v) })
	if err != nil {
		return columnError(c.caption, err)
	}
	return nil
}
