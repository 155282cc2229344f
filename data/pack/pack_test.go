package pack

import (
	"bytes"
	"context"
	"encoding/csv"
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

// image is a few bytes that begin like a JPEG; what follows tells it from others.
func image(tail string) string { return "\xff\xd8\xff" + tail }

func put(t *testing.T, folder, name, content string) {
	t.Helper()
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(content), 0o666)); err != nil {
		t.Fatal(err)
	}
}

type packedRow struct {
	Image *struct {
		Bytes []byte `parquet:"bytes,optional"`
	} `parquet:"image,optional"`
	Caption *string `parquet:"caption,optional"`
	Key     *string `parquet:"key,optional"`
}

// pack packs and returns the rows as "key|caption|image" and the skipped as "entry|reason".
func pack(t *testing.T, c Config) (rows, skipped []string, sum Summary) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	sum, err := Write(context.Background(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.parquet"))
	for _, path := range files {
		content, _ := os.ReadFile(path)
		reader := parquet.NewGenericReader[packedRow](bytes.NewReader(content))
		part := make([]packedRow, reader.NumRows())
		if n, err := reader.Read(part); n != len(part) || err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%s: %d rows: %v", path, n, err)
		}
		for _, r := range part {
			rows = append(rows, fmt.Sprintf("%s|%s|%s", *r.Key, *r.Caption, strings.TrimPrefix(string(r.Image.Bytes), "\xff\xd8\xff")))
		}
	}
	file, err := os.Open(filepath.Join(dir, SkippedTable))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range table[1:] {
		skipped = append(skipped, line[1]+"|"+line[2])
	}
	return rows, skipped, sum
}

// check compares with what is wanted, and the counts with the list of what was skipped.
func check(t *testing.T, rows, skipped []string, sum Summary, wantRows, wantSkipped []string) {
	t.Helper()
	if !slices.Equal(rows, wantRows) {
		t.Errorf("got rows\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(wantRows, "\n"))
	}
	// Checks of images run behind, so that the order of what is skipped is not that of the input.
	slices.Sort(skipped)
	slices.Sort(wantSkipped)
	if !slices.Equal(skipped, wantSkipped) {
		t.Errorf("got skipped\n%s\nwant\n%s", strings.Join(skipped, "\n"), strings.Join(wantSkipped, "\n"))
	}
	total := 0
	for _, n := range sum.Skipped {
		total += n
	}
	if total != len(wantSkipped) || sum.Rows != int64(len(wantRows)) {
		t.Errorf("got summary %+v, want %d rows and %d skipped", sum, len(wantRows), len(wantSkipped))
	}
}

func config(inputs ...string) Config {
	c := DefaultConfig()
	c.Inputs, c.MaxImageBytes = inputs, 1000
	return c
}

func TestCheckDecidesAndNamesTheReason(t *testing.T) {
	folder := t.TempDir()
	for i := range 600 { // more than are checked at a time
		put(t, folder, fmt.Sprintf("%03d.jpg", i), image(fmt.Sprint(i%3)))
		put(t, folder, fmt.Sprintf("%03d.txt", i), "caption")
	}
	bad := errors.New("cut short")
	c := config(folder)
	c.Check = func(content []byte) error {
		if strings.HasSuffix(string(content), "2") {
			return bad
		}
		return nil
	}
	c.Reason = func(err error) string {
		if errors.Is(err, bad) {
			return "damaged"
		}
		return "?"
	}
	rows, skipped, sum := pack(t, c)
	if len(rows) != 400 || sum.Skipped["damaged"] != 200 || len(skipped) != 200 || skipped[0] != "002.jpg|damaged" {
		t.Errorf("got %d rows, summary %+v, first skipped %q", len(rows), sum, skipped[0])
	}
	if !slices.IsSorted(rows) {
		t.Error("rows are not in order")
	}
	c.Reason = nil
	if _, _, sum := pack(t, c); sum.Skipped[unusable] != 200 {
		t.Errorf("got %+v, want 200 unusable", sum)
	}
}

func TestPackingTwiceGivesTheSameBytes(t *testing.T) {
	folder := t.TempDir()
	for i := range 30 {
		put(t, folder, fmt.Sprintf("%d/%d.jpg", i%4, i), image(fmt.Sprint(i)))
		put(t, folder, fmt.Sprintf("%d/%d.txt", i%4, i), fmt.Sprint("caption ", i))
	}
	c := config(folder)
	c.RowsPerShard = 7
	var all [2]string
	for i := range all {
		dir := filepath.Join(t.TempDir(), "out")
		if _, err := Write(context.Background(), dir, c); err != nil {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		if len(files) != 6 {
			t.Errorf("got files %q, want five shards and the table of what was skipped", files)
		}
		for _, f := range files {
			content, _ := os.ReadFile(f)
			all[i] += filepath.Base(f) + string(content)
		}
	}
	if all[0] != all[1] {
		t.Error("a second run wrote other bytes")
	}
}

func TestWriteRefuses(t *testing.T) {
	folder := t.TempDir()
	put(t, folder, "ok/a.jpg", image("a"))
	put(t, folder, "ok/a.txt", "caption")
	put(t, folder, "none/a.jpg", image("a"))
	put(t, folder, "nothing/readme.md", "")
	put(t, folder, "empty.csv", "")
	put(t, folder, "columns.csv", "picture,words\n")
	put(t, folder, "captions.csv", "file_name,words\n")
	put(t, folder, "pairs.tsv", "filepath\ttitle\n")
	put(t, folder, "a.zip", "")
	put(t, folder, "bad.tgz", "\x1f\x8bxx")
	in := func(name string) func(*Config) {
		return func(c *Config) { c.Inputs = []string{filepath.Join(folder, name)} }
	}
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no inputs":      {func(c *Config) { c.Inputs = nil }, "pack: no inputs"},
		"missing":        {in("gone"), "gone"},
		"empty glob":     {in("*.tar"), "no file has such a name"},
		"unknown kind":   {in("a.zip"), "a.zip: want a folder"},
		"mixed":          {func(c *Config) { c.Inputs = []string{folder, filepath.Join(folder, "empty.csv")} }, "one kind at a time"},
		"no pair":        {in("none"), "no usable pair"},
		"reasons named":  {in("none"), "1 no caption"},
		"no images":      {in("nothing"), "nothing there"},
		"no header":      {in("empty.csv"), "the table is empty"},
		"other columns":  {in("columns.csv"), `columns.csv: line 1: no column called filepath, path, image_path, file_name, filename, file, image in ["picture" "words"]`},
		"other captions": {in("captions.csv"), `no column called caption, text, txt, TEXT, title, captions in ["file_name" "words"]`},
		"named column":   {func(c *Config) { in("columns.csv")(c); c.ImageColumn = "file" }, `no column "file" in`},
		"no rows":        {in("pairs.tsv"), "no usable pair"},
		"bad gzip":       {in("bad.tgz"), "bad.tgz"},
		"no such root":   {func(c *Config) { in("pairs.tsv")(c); c.Root = filepath.Join(folder, "gone") }, "gone"},
		"key column":     {func(c *Config) { in("pairs.tsv")(c); c.KeyColumn = "id" }, `no column "id"`},
		"rows per shard": {func(c *Config) { c.RowsPerShard = 0 }, "rows per shard 0"},
		"image size":     {func(c *Config) { c.MaxImageBytes = 0 }, "largest image 0"},
		"separator":      {func(c *Config) { c.Separator = "||" }, `separator "||"`},
		"prefix":         {func(c *Config) { c.Prefix = "../x" }, `shard prefix "../x"`},
	} {
		t.Run(name, func(t *testing.T) {
			conf := config(filepath.Join(folder, "ok"))
			c.change(&conf)
			parent := t.TempDir()
			_, err := Write(context.Background(), filepath.Join(parent, "out"), conf)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), SkippedTable) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if entries, _ := os.ReadDir(parent); len(entries) > 0 {
				t.Errorf("%v is left", entries)
			}
		})
	}
	if _, err := Write(context.Background(), folder, config(filepath.Join(folder, "ok"))); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want fs.ErrExist for a filled folder", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Write(cancelled, filepath.Join(t.TempDir(), "out"), config(filepath.Join(folder, "ok"))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
