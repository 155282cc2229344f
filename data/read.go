package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// openFiles is how many shards a reader keeps open.
const openFiles = 16

var errChanged = errors.New("the file changed since it was first read: start again")

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
	columns      [4]columnReader
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
		if o.file.is(info) {
			r.open = append(r.open, o)
			return o.file, nil
		}
		o.file.close()
	}
	file, err := openFile(shard.Path)
	if err != nil {
		return nil, fmt.Errorf("shard %s: %w (%w)", shard.Path, errChanged, err)
	}
	if file.fingerprint != shard.Fingerprint {
		file.close()
		return nil, fmt.Errorf("shard %s: %w", shard.Path, errChanged)
	}
	if len(r.open) == openFiles {
		r.open[0].file.close()
		r.open = slices.Delete(r.open, 0, 1)
	}
	r.open = append(r.open, openShardFile{shard: index, file: file})
	return file, nil
}

// is reports whether a file is the opened one, not changed since.
func (f *parquetFile) is(info os.FileInfo) bool {
	return os.SameFile(info, f.info) && info.Size() == f.info.Size() && info.ModTime().Equal(f.info.ModTime())
}

// changed reports whether another file has taken the place of the opened one. If it was deleted, what is open is still right.
func (f *parquetFile) changed() bool {
	info, err := os.Stat(f.disk.Name())
	if err != nil || f.is(info) {
		return false
	}
	now, err := openFile(f.disk.Name())
	if err != nil {
		return true
	}
	defer now.close()
	return now.fingerprint != f.fingerprint
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
	s := &segmentReader{reader: r, file: file, seg: seg, at: seg.first}
	if err := s.openColumns(); err != nil {
		return s.fail(err)
	}
	for _, row := range wanted {
		if err := ctx.Err(); err != nil {
			return err
		}
		pair, err := s.row(row)
		if err != nil {
			return s.fail(err)
		}
		if err := do(pair); err != nil {
			return err
		}
	}
	return s.end()
}

// segmentReader goes through the columns of one segment in step.
type segmentReader struct {
	*reader
	file *parquetFile
	seg  *segment
	at   int64 // next row
	used [4]bool
	pair pairRow
}

// fail names shard and row, and says so if the file was changed under the reader.
func (s *segmentReader) fail(err error) error {
	if info, statErr := os.Stat(s.file.disk.Name()); statErr != nil || !s.file.is(info) {
		err = fmt.Errorf("%w (%w)", errChanged, err)
	}
	return s.source.rowError(s.at, err)
}

// Columns of a reader.
const (
	imageColumn = iota
	pathColumn
	captionColumn
	keyColumn
)

func (s *segmentReader) leaves() [4]leaf {
	c := &s.source.shards[s.seg.shard].columns
	return [4]leaf{imageColumn: c.image, pathColumn: c.path, captionColumn: c.caption, keyColumn: c.key}
}

func (s *segmentReader) openColumns() (err error) {
	defer contain(&err)
	needed := [4]bool{imageColumn: s.images, pathColumn: s.meta && s.images, captionColumn: true, keyColumn: s.meta}
	for i, l := range s.leaves() {
		if s.used[i] = needed[i] && l.name != ""; !s.used[i] {
			continue
		}
		if err := s.columns[i].open(s.file, s.seg, l, i == imageColumn); err != nil {
			return columnError(l, err)
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

// row passes over the rows before the wanted one and returns it.
func (s *segmentReader) row(wanted int64) (pair *pairRow, err error) {
	defer contain(&err)
	for ; s.at < wanted; s.at++ {
		if err := s.each(func(int, value) {}); err != nil {
			return nil, err
		}
	}
	s.pair = pairRow{number: wanted, captions: s.pair.captions[:0]}
	if err := s.each(s.take); err != nil {
		return nil, err
	}
	s.at++
	return &s.pair, nil
}

// each calls do for the values of the next row.
func (s *segmentReader) each(do func(column int, v value)) error {
	for i := range s.used {
		if !s.used[i] {
			continue
		}
		c := &s.columns[i]
		if err := c.row(func(v value) { do(i, v) }); err != nil {
			return columnError(c.pages.leaf, err)
		}
	}
	return nil
}

// take puts a value into the pair.
func (s *segmentReader) take(column int, v value) {
	switch column {
	case imageColumn:
		s.pair.image = v.bytes
		if v.bytes == nil && !v.null {
			s.pair.image = []byte{}
		}
	case pathColumn:
		s.pair.hasPath = len(v.bytes) > 0
	case captionColumn:
		s.pair.captions = appendCaption(s.pair.captions, v)
	case keyColumn:
		s.pair.key = string(v.bytes)
	}
}

// end makes sure that all columns end with the row group, once its last row was read, and that the file is still the same.
func (s *segmentReader) end() (err error) {
	defer contain(&err)
	if s.file.changed() {
		return s.source.rowError(s.at-1, errChanged)
	}
	if s.at < s.seg.first+s.seg.rows || s.seg.offset != 0 {
		return nil
	}
	for i := range s.used {
		c := &s.columns[i]
		if !s.used[i] {
			continue
		}
		if err := c.ended(); err != nil {
			s.at--
			return s.fail(columnError(c.pages.leaf, err))
		}
	}
	return nil
}
