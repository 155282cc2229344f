package data

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// shardRow is how a reader that knows the layout of Hugging Face sees a row.
type shardRow struct {
	Image *struct {
		Bytes []byte  `parquet:"bytes,optional"`
		Path  *string `parquet:"path,optional"`
	} `parquet:"image,optional"`
	Caption *string `parquet:"caption,optional"`
	Key     *string `parquet:"key,optional"`
	Source  *string `parquet:"source,optional"`
}

func writerRow(i int) WriterRow {
	r := WriterRow{
		Image:   []byte(strings.Repeat(fmt.Sprint("image ", i, " "), i%7+1)),
		Caption: fmt.Sprintf("caption %d, \"quoted\" ü", i),
		Key:     fmt.Sprintf("%05d", i),
	}
	if i%2 == 0 {
		r.Extra = map[string]string{"source": fmt.Sprint("s", i%3)}
	}
	return r
}

// writeShards writes n rows below a new folder and returns the folder and the shards.
func writeShards(t *testing.T, n int, o WriterOptions) (dir string, files []string) {
	t.Helper()
	dir, o.Extra = filepath.Join(t.TempDir(), "out"), []string{"source"}
	w, err := NewWriter(dir, "train", o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := w.Write(writerRow(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, w.Files()
}

func openParquet(t *testing.T, path string) *parquet.File {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(strings.NewReader(string(content)), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func folderNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWriterGivesBackItsRowsInOrder(t *testing.T) {
	dir, files := writeShards(t, 25, WriterOptions{RowsPerShard: 10, RowsPerGroup: 4})
	want := []string{"train-00000-of-00003.parquet", "train-00001-of-00003.parquet", "train-00002-of-00003.parquet"}
	if got := folderNames(t, dir); !slices.Equal(got, want) {
		t.Fatalf("got files %q, want %q", got, want)
	}
	next := 0
	for _, path := range files {
		reader := parquet.NewGenericReader[shardRow](openParquet(t, path))
		rows := make([]shardRow, 16)
		n, err := reader.Read(rows)
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		for _, got := range rows[:n] {
			checkShardRow(t, got, writerRow(next))
			next++
		}
	}
	if next != 25 {
		t.Errorf("got %d rows, want 25", next)
	}
}

func checkShardRow(t *testing.T, got shardRow, want WriterRow) {
	t.Helper()
	if got.Image == nil || string(got.Image.Bytes) != string(want.Image) || got.Image.Path != nil {
		t.Errorf("row %s: image differs: %+v", want.Key, got.Image)
	}
	if *got.Caption != want.Caption || *got.Key != want.Key {
		t.Errorf("got %q %q, want %q %q", *got.Caption, *got.Key, want.Caption, want.Key)
	}
	source, has := want.Extra["source"]
	if (got.Source != nil) != has || has && *got.Source != source {
		t.Errorf("row %s: got source %v, want %q (%v)", want.Key, got.Source, source, has)
	}
}

func TestWriterMakesSmallGroupsWithoutImageDictionary(t *testing.T) {
	_, files := writeShards(t, 250, WriterOptions{})
	meta := openParquet(t, files[0]).Metadata()
	var sizes []int64
	for _, group := range meta.RowGroups {
		sizes = append(sizes, group.NumRows)
		for _, column := range group.Columns {
			for _, encoding := range column.MetaData.Encoding {
				if strings.Contains(encoding.String(), "DICTIONARY") {
					t.Errorf("column %v has encoding %v", column.MetaData.PathInSchema, encoding)
				}
			}
			if s := column.MetaData.Statistics; column.MetaData.PathInSchema[0] == "image" && len(s.MinValue) > 0 {
				t.Errorf("the footer repeats %d bytes of an image", len(s.MinValue))
			}
		}
	}
	if want := []int64{100, 100, 50}; !slices.Equal(sizes, want) {
		t.Errorf("got row groups of %v rows, want %v", sizes, want)
	}
}

func TestWriterDescribesItsColumnsForHuggingFace(t *testing.T) {
	_, files := writeShards(t, 1, WriterOptions{})
	text, ok := openParquet(t, files[0]).Lookup("huggingface")
	var got, want any
	if err := json.Unmarshal([]byte(text), &got); err != nil || !ok {
		t.Fatalf("footer key huggingface: %v %v", ok, err)
	}
	// What datasets 5.2 writes for such columns.
	_ = json.Unmarshal([]byte(`{"info": {"features": {"image": {"_type": "Image"}, "caption": {"dtype": "string", "_type": "Value"},
		"key": {"dtype": "string", "_type": "Value"}, "source": {"dtype": "string", "_type": "Value"}}}}`), &want)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWriterIsDeterministic(t *testing.T) {
	sum := func(o WriterOptions) string {
		h := sha256.New()
		_, files := writeShards(t, 230, o)
		for _, path := range files {
			content, _ := os.ReadFile(path)
			h.Write(content)
		}
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	o := WriterOptions{RowsPerShard: 100}
	if a, b := sum(o), sum(o); a != b {
		t.Errorf("two runs gave %s and %s", a, b)
	}
	if a, b := sum(o), sum(WriterOptions{RowsPerShard: 99}); a == b {
		t.Error("the hash does not see another cut into shards")
	}
}

func TestWriterHasNullImages(t *testing.T) {
	dir := t.TempDir()
	w, _ := NewWriter(dir, "train", WriterOptions{Extra: []string{"source"}})
	if err := errors.Join(w.Write(WriterRow{Caption: "failed download"}), w.Close()); err != nil {
		t.Fatal(err)
	}
	rows := make([]shardRow, 1)
	if n, _ := parquet.NewGenericReader[shardRow](openParquet(t, w.Files()[0])).Read(rows); n != 1 || rows[0].Image != nil {
		t.Errorf("got %d rows with image %v, want one with NULL", n, rows[0].Image)
	}
}

func TestWriterWithoutRowsWritesOneEmptyShard(t *testing.T) {
	_, files := writeShards(t, 0, WriterOptions{})
	if len(files) != 1 || openParquet(t, files[0]).NumRows() != 0 {
		t.Errorf("got %q, want one shard of no rows", files)
	}
}

func TestWriterRefuses(t *testing.T) {
	filled, _ := writeShards(t, 1, WriterOptions{})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir, prefix string
		o           WriterOptions
		want        string
	}{
		"no prefix":        {t.TempDir(), "", WriterOptions{}, "plain file name"},
		"folder in prefix": {t.TempDir(), "a/b", WriterOptions{}, "plain file name"},
		"pattern prefix":   {t.TempDir(), "a*", WriterOptions{}, "plain file name"},
		"negative shard":   {t.TempDir(), "a", WriterOptions{RowsPerShard: -1}, "at least 1"},
		"huge group":       {t.TempDir(), "a", WriterOptions{RowsPerGroup: 100_000}, "1 to 1000"},
		"column twice":     {t.TempDir(), "a", WriterOptions{Extra: []string{"caption"}}, `"caption"`},
		"unnamed column":   {t.TempDir(), "a", WriterOptions{Extra: []string{""}}, `""`},
		"shards there":     {filled, "train", WriterOptions{}, "train-00000-of-00001.parquet"},
		"a file":           {file, "train", WriterOptions{}, file},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewWriter(c.dir, c.prefix, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := NewWriter(filled, "heldout", WriterOptions{}); err != nil {
		t.Errorf("another prefix in the same folder: %v", err)
	}
	if _, err := NewWriter(filled, "train", WriterOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want fs.ErrExist", err)
	}
}

func TestWriterLeavesNothingAfterAnErrorOrAbort(t *testing.T) {
	for name, end := range map[string]func(*Writer) error{
		"unknown column": func(w *Writer) error {
			first := w.Write(WriterRow{Extra: map[string]string{"nope": ""}})
			if again := w.Write(writerRow(0)); !errors.Is(again, first) {
				return fmt.Errorf("the second write gave %v", again)
			}
			if err := w.Close(); err == nil || !strings.Contains(err.Error(), `row 5: column "nope"`) {
				return fmt.Errorf("close gave %v", err)
			}
			return nil
		},
		"abort":            func(w *Writer) error { w.Abort(); w.Abort(); return nil },
		"abort then write": func(w *Writer) error { w.Abort(); return expectError(w.Write(writerRow(0))) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w, _ := NewWriter(dir, "train", WriterOptions{RowsPerShard: 2, Extra: []string{"source"}})
			for i := range 5 {
				if err := w.Write(writerRow(i)); err != nil {
					t.Fatal(err)
				}
			}
			if err := end(w); err != nil {
				t.Error(err)
			}
			if names := folderNames(t, dir); len(names) > 0 {
				t.Errorf("%q are left", names)
			}
		})
	}
}

func expectError(err error) error {
	if err == nil {
		return errors.New("want an error")
	}
	return nil
}

// A shard must not have its final name before all of them are whole.
func TestWriterNamesShardsAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	w, _ := NewWriter(dir, "train", WriterOptions{RowsPerShard: 2, Extra: []string{"source"}})
	for i := range 5 {
		_ = w.Write(writerRow(i))
	}
	for _, name := range folderNames(t, dir) {
		if !strings.HasPrefix(name, ".") {
			t.Errorf("%s has its name before Close", name)
		}
	}
	if err := w.Close(); err != nil || len(w.Files()) != 3 {
		t.Errorf("got %v, %q", err, w.Files())
	}
}
