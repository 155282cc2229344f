package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// WriterOptions says how a Writer cuts its rows into files.
type WriterOptions struct {
	RowsPerShard int      // 0 means DefaultRowsPerShard
	RowsPerGroup int      // 0 means DefaultRowsPerGroup
	Extra        []string // names of further string columns
}

// Sizes of shards. Groups are as small as those of Hugging Face image exports and of img2dataset: a reader holds a
// whole group, and rows of one image each are large.
const (
	DefaultRowsPerShard = 10_000
	DefaultRowsPerGroup = 100
	maxRowsPerGroup     = 1_000
)

// WriterRow is one image-caption pair. An empty Caption, Key or extra value is written as an empty string.
type WriterRow struct {
	Image   []byte // encoded; nil is written as NULL
	Caption string
	Key     string            // unique within the data set by the caller's care
	Extra   map[string]string // values for WriterOptions.Extra; missing ones are NULL
}

// Writer writes Parquet shards prefix-00000-of-00012.parquet, which Open, pyarrow and Hugging Face datasets read: image as
// struct{bytes, path} under the footer key "huggingface" that makes it an Image feature there, caption, key and the extra
// columns as strings. The bytes written depend on the rows and options alone. The number of shards is known at Close:
// until then they have temporary names, so that a run that was cut short leaves nothing that looks like a shard.
type Writer struct {
	dir, prefix string
	options     WriterOptions
	schema      *shardSchema
	temps       []string // temporary files, in shard order
	file        *os.File
	shard       *parquet.Writer
	rows        int // in the open shard
	total       int64
	err         error // the first error; ends the writer
	closed      bool
}

// NewWriter starts shards named prefix-* in the folder dir, which it makes if missing. It refuses to write beside
// shards of the same prefix.
func NewWriter(dir, prefix string, o WriterOptions) (*Writer, error) {
	if prefix == "" || strings.ContainsAny(prefix, `/\*?[`) || strings.HasPrefix(prefix, ".") {
		return nil, fmt.Errorf("shard prefix %q: want a plain file name", prefix)
	}
	if o.RowsPerShard == 0 {
		o.RowsPerShard = DefaultRowsPerShard
	}
	if o.RowsPerGroup == 0 {
		o.RowsPerGroup = DefaultRowsPerGroup
	}
	if o.RowsPerShard < 1 || o.RowsPerGroup < 1 || o.RowsPerGroup > maxRowsPerGroup {
		return nil, fmt.Errorf("shard prefix %q: %d rows per shard in groups of %d, want at least 1 in groups of 1 to %d",
			prefix, o.RowsPerShard, o.RowsPerGroup, maxRowsPerGroup)
	}
	schema, err := newShardSchema(o.Extra)
	if err != nil {
		return nil, fmt.Errorf("shard prefix %q: %w", prefix, err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("shard folder: %w", err)
	}
	old, err := fs.Glob(os.DirFS(dir), prefix+"-[0-9]*.parquet")
	if err != nil {
		return nil, fmt.Errorf("shard folder %s: %w", dir, err)
	}
	if len(old) > 0 {
		return nil, fmt.Errorf("%s: %w: remove it or choose another folder", filepath.Join(dir, old[0]), fs.ErrExist)
	}
	return &Writer{dir: dir, prefix: prefix, options: o, schema: schema}, nil
}

// Write adds one row. After an error the writer is of no further use but for Close or Abort.
func (w *Writer) Write(r WriterRow) error {
	switch {
	case w.closed:
		return fmt.Errorf("shard prefix %q: write after close", w.prefix)
	case w.err != nil:
		return w.err
	}
	for name := range r.Extra {
		if !slices.Contains(w.options.Extra, name) {
			return w.fail(fmt.Errorf("row %d: column %q is not among the extra columns %q", w.total, name, w.options.Extra))
		}
	}
	if w.shard == nil {
		if err := w.open(); err != nil {
			return w.fail(err)
		}
	}
	if _, err := w.shard.WriteRows([]parquet.Row{w.schema.row(r)}); err != nil {
		return w.fail(fmt.Errorf("row %d: %w", w.total, err))
	}
	w.rows++
	w.total++
	if w.rows == w.options.RowsPerShard {
		return w.finish()
	}
	return nil
}

// Rows returns the number of rows written so far.
func (w *Writer) Rows() int64 { return w.total }

// fail keeps the first error and says which shards it concerns.
func (w *Writer) fail(err error) error {
	if w.err == nil {
		w.err = fmt.Errorf("shard %s: %w", filepath.Join(w.dir, fmt.Sprintf("%s-%05d", w.prefix, len(w.temps))), err)
	}
	return w.err
}

// open starts the next shard under a temporary name.
func (w *Writer) open() error {
	file, err := os.CreateTemp(w.dir, "."+w.prefix+".tmp-*")
	if err != nil {
		return err
	}
	w.temps = append(w.temps, file.Name())
	w.file = file
	w.shard = parquet.NewWriter(file, w.schema.options(w.options.RowsPerGroup)...)
	w.rows = 0
	return nil
}

// finish completes the open shard and flushes it to the disk.
func (w *Writer) finish() error {
	shard, file := w.shard, w.file
	w.shard, w.file = nil, nil
	err := shard.Close()
	if err == nil {
		err = file.Chmod(0o644) // temporary files are private
	}
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return w.fail(err)
	}
	return nil
}

// Close completes the shards and gives them their names. After an error none of them is left. A writer without rows
// writes one shard with none, so that a glob for it finds the schema.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	if w.err == nil && len(w.temps) == 0 {
		if err := w.open(); err != nil {
			_ = w.fail(err)
		}
	}
	if w.err == nil && w.shard != nil {
		_ = w.finish()
	}
	if w.err == nil {
		w.rename()
	}
	if w.err != nil {
		w.discard()
	}
	return w.err
}

// rename gives the shards their names; if one cannot have it, none keeps it.
func (w *Writer) rename() {
	for i, temp := range w.temps {
		name := filepath.Join(w.dir, fmt.Sprintf("%s-%05d-of-%05d.parquet", w.prefix, i, len(w.temps)))
		if err := os.Rename(temp, name); err != nil {
			_ = w.fail(err)
			return
		}
		w.temps[i] = name
	}
	if err := syncFolder(w.dir); err != nil {
		_ = w.fail(err)
	}
}

// syncFolder flushes the names of the files in a folder to the disk.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Abort removes what was written. It does nothing after Close.
func (w *Writer) Abort() {
	if w.closed {
		return
	}
	w.closed = true
	w.discard()
}

func (w *Writer) discard() {
	if w.file != nil {
		w.file.Close()
		w.shard, w.file = nil, nil
	}
	for _, path := range w.temps {
		os.Remove(path)
	}
	w.temps = nil
}

// Files returns the paths of the shards after Close.
func (w *Writer) Files() []string { return slices.Clone(w.temps) }
