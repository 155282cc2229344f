package data

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func TestLayoutsAreFoundAndRead(t *testing.T) {
	type nested struct {
		Image struct {
			Bytes []byte `parquet:"bytes"`
		} `parquet:"image"`
		Meta struct {
			Caption string `parquet:"caption"`
			Number  int32  `parquet:"number"`
		} `parquet:"meta"`
	}
	nestedOf := func(n int) (r nested) {
		r.Image.Bytes, r.Meta.Caption, r.Meta.Number = testImage(n), testCaption(n), int32(-n)
		return r
	}
	const rows = 100
	small := parquet.PageBufferSize(700)
	for _, test := range []struct {
		name                string
		write               func(path string) string
		options             Options
		image, caption, key string
		wantKey             func(n int) string
	}{
		{"Hugging Face", func(p string) string { return writeFile(t, p, 0, rows, 30, hfRowOf, small) }, Options{},
			"image.bytes", "caption", "id", func(n int) string { return fmt.Sprint(n) }},
		{"img2dataset", func(p string) string { return writeFile(t, p, 0, rows, 30, flatRowOf, small) }, Options{},
			"jpg", "caption", "key", func(n int) string { return fmt.Sprintf("%09d", n) }},
		{"lists", func(p string) string { return writeFile(t, p, 0, rows, 30, listRowOf, small) }, Options{},
			"image", "captions.list.element", "", func(int) string { return "" }},
		{"lists in pages of version 1", func(p string) string {
			return writeFile(t, p, 0, rows, 30, listRowOf, small, parquet.DataPageVersion(1))
		}, Options{CaptionColumn: "captions.element"}, "image", "captions.list.element", "", func(int) string { return "" }},
		{"dictionaries", func(p string) string { return writeFile(t, p, 0, rows, 30, dictRowOf, small) }, Options{},
			"image", "text", "", func(int) string { return "" }},
		{"zstd", func(p string) string { return writeFile(t, p, 0, rows, 30, zstdRowOf, small) }, Options{},
			"image", "TEXT", "", func(int) string { return "" }},
		{"names with dots", func(p string) string { return writeFile(t, p, 0, rows, 30, nestedOf, small) },
			Options{CaptionColumn: "meta.caption", KeyColumn: "meta.number"},
			"image.bytes", "meta.caption", "meta.number", func(n int) string { return fmt.Sprint(-n) }},
	} {
		for _, limit := range []int64{segmentBytes, 1500} { // whole row groups, and parts of them
			t.Run(fmt.Sprint(test.name, limit), func(t *testing.T) {
				s, err := open([]string{test.write(filepath.Join(t.TempDir(), "a.parquet"))}, test.options, limit)
				if err != nil {
					t.Fatal(err)
				}
				if image, caption, key := s.Columns(); image != test.image || caption != test.caption || key != test.key {
					t.Errorf("columns %q, %q, %q", image, caption, key)
				}
				if s.CaptionLists() != strings.HasPrefix(test.name, "lists") {
					t.Errorf("lists of captions: %v", s.CaptionLists())
				}
				if limit < segmentBytes && len(s.segments) < 10 && test.name != "dictionaries" {
					t.Errorf("%d segments", len(s.segments))
				}
				if got := readNumbers(t, s, test.wantKey); !slices.Equal(got, rowsFrom(0, rows)) {
					t.Errorf("rows %d", got)
				}
			})
		}
	}
}

// readNumbers reads all rows in a random order of segments, and checks that what is in a row belongs together.
func readNumbers(t *testing.T, s *Source, wantKey func(int) string) []int64 {
	t.Helper()
	var numbers []int64
	r := reader{source: s, images: true, meta: true}
	defer r.close()
	for _, id := range epochOrder(len(s.segments), 1, 0) {
		seg := &s.segments[id]
		err := r.read(context.Background(), seg, rowsFrom(seg.first, seg.rows), func(p *pairRow) error {
			n, err := decodeImage(p.image)
			if err != nil {
				return err
			}
			want := []string{testCaption(n)}
			if s.shards[0].columns.caption.list {
				want = listRowOf(n).Captions
			}
			if !slices.Equal(p.captions, want) || p.key != wantKey(n) || int64(n) != p.number {
				t.Errorf("row %d holds image %d, captions %q and key %q", p.number, n, p.captions, p.key)
			}
			numbers = append(numbers, p.number)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// mistake is what a user may ask for, and parts of the answer.
type mistake struct {
	name     string
	patterns []string
	options  Options
	want     []string
}

func (m mistake) check(t *testing.T) {
	t.Run(m.name, func(t *testing.T) {
		_, err := Open(m.patterns, m.options)
		wantError(t, err, m.want...)
	})
}

func TestFilesThatCannotBeReadAreNamed(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	put := func(name, content string) string {
		if err := os.WriteFile(file(name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return file(name)
	}
	whole, err := os.ReadFile(writeFile(t, file("good.parquet"), 0, 9, 4, hfRowOf))
	if err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none")
	if err := os.Mkdir(none, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, m := range []mistake{
		{"nothing given", nil, Options{}, []string{"no shards given"}},
		{"no match", []string{file("x-*.parquet")}, Options{}, []string{"no file matches", "x-*.parquet"}},
		{"folder without shards", []string{none}, Options{}, []string{"no file matches", "none"}},
		{"bad pattern", []string{file("a[")}, Options{}, []string{"pattern", "a["}},
		{"empty file", []string{put("empty.parquet", "")}, Options{}, []string{"shard " + file("empty.parquet"), "is empty"}},
		{"not Parquet", []string{put("page.html", "<html>nothing</html>")}, Options{}, []string{"page.html", "not a Parquet file", `<html>`}},
		{"Git LFS", []string{put("lfs", "version https://git-lfs.github.com/spec/v1\n")}, Options{}, []string{"git lfs pull"}},
		{"encrypted", []string{put("pare", "PAREnothingPARE")}, Options{}, []string{"encrypted"}},
		{"cut short", []string{put("cut", string(whole[:len(whole)-20]))}, Options{}, []string{"shard " + file("cut"), "cut short"}},
		{"only the magic", []string{put("magic", "PAR1PAR1")}, Options{}, []string{"cut short"}},
		{"a hole", []string{put("hole", string(whole[:100])+string(whole[len(whole)-1500:]))}, Options{}, []string{"shard " + file("hole")}},
		{"no rows", []string{writeRows(t, file("rows0"), []hfRow{}, 5)}, Options{}, []string{"no rows", "rows0"}},
		{"a folder in a pattern", []string{file("non*")}, Options{}, []string{"none", "not a regular file"}},
	} {
		m.check(t)
	}
}

func TestColumnsThatDoNotFitAreNamed(t *testing.T) {
	type paths struct {
		Image struct {
			Path string `parquet:"path"`
		} `parquet:"image"`
		Caption string `parquet:"caption"`
	}
	type texts struct {
		Image   string `parquet:"image"`
		Caption string `parquet:"caption"`
	}
	type noCaption struct {
		Image []byte `parquet:"image"`
		Label int64  `parquet:"label"`
	}
	type deep struct {
		Image   []byte `parquet:"image"`
		Caption []struct {
			Items []string `parquet:"items,list"`
		} `parquet:"caption,list"`
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	good := writeFile(t, file("good.parquet"), 0, 9, 4, hfRowOf)
	for _, m := range []mistake{
		{"no such image column", []string{good}, Options{ImageColumn: "img"}, []string{`no image column`, `img`, `"image", "caption", "id"`, "--image-column"}},
		{"no such caption column", []string{good}, Options{CaptionColumn: "x"}, []string{"no caption column", `"image", "caption", "id"`, "--caption-column"}},
		{"no such key column", []string{good}, Options{KeyColumn: "x"}, []string{"no key column", "--key-column"}},
		{"no caption column", []string{writeRows(t, file("noc"), []noCaption{{}}, 5)}, Options{}, []string{"no caption column", `"image", "label"`, "TEXT"}},
		{"caption of numbers", []string{file("noc")}, Options{CaptionColumn: "label"}, []string{`caption column "label" holds no text`}},
		{"image of numbers", []string{file("noc")}, Options{ImageColumn: "label"}, []string{`image column "label" holds no bytes`}},
		{"caption is a struct", []string{good}, Options{CaptionColumn: "image"}, []string{`caption column "image" is a struct`, `"bytes", "path"`}},
		{"images are paths", []string{writeRows(t, file("paths"), []paths{{}}, 5)}, Options{}, []string{`image column "image" holds only paths`}},
		{"images are text", []string{writeRows(t, file("texts"), []texts{{}}, 5)}, Options{}, []string{`image column "image" holds text`}},
		{"lists of lists", []string{writeRows(t, file("deep"), []deep{{}}, 5)}, Options{}, []string{`caption column "caption" holds lists of lists`}},
		{"another schema", []string{good, writeFile(t, file("flat"), 0, 3, 5, flatRowOf)}, Options{},
			[]string{"shard " + file("flat"), "shard " + good, `"jpg"`, `"image.bytes"`}},
	} {
		m.check(t)
	}
}

func TestFingerprintFollowsTheContent(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	a := writeFile(t, filepath.Join(dir, "a.parquet"), 0, 20, 8, hfRowOf)
	b := writeFile(t, filepath.Join(dir, "b.parquet"), 20, 50, 8, hfRowOf)
	moved := writeFile(t, filepath.Join(other, "z.parquet"), 0, 20, 8, hfRowOf)
	fingerprint := func(paths ...string) string {
		s, err := Open(paths, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s.Fingerprint()
	}
	if fingerprint(a) != fingerprint(moved) {
		t.Error("the same content under another name has another fingerprint")
	}
	if fingerprint(a) == fingerprint(b) || fingerprint(a, b) == fingerprint(b, a) {
		t.Error("other content, or another order, has the same fingerprint")
	}
	if fingerprint(dir) != fingerprint(a, b) || fingerprint(a, filepath.Join(dir, "*.parquet")) != fingerprint(a, b) {
		t.Error("a folder or a pattern is not what it stands for")
	}
}

func TestRowsAreNumberedInShardOrder(t *testing.T) {
	dir := t.TempDir()
	for i, n := range []int{3, 0, 10} { // a shard without rows does no harm
		writeFile(t, filepath.Join(dir, fmt.Sprintf("%d.parquet", i)), 0, n, 4, hfRowOf)
	}
	s, err := Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows() != 13 || len(s.Shards()) != 3 || s.Shards()[2].Groups != 3 || s.Shards()[2].First != 3 {
		t.Errorf("%d rows, shards %+v", s.Rows(), s.Shards())
	}
	for row, want := range map[int64][2]int64{0: {0, 0}, 2: {0, 2}, 3: {2, 0}, 12: {2, 9}} {
		if shard, local := s.Locate(row); int64(shard) != want[0] || local != want[1] {
			t.Errorf("row %d is %d in shard %d, want %v", row, local, shard, want)
		}
	}
	n := 0
	for pair, err := range s.Pairs(context.Background()) {
		if err != nil || pair.Row != int64(n) {
			t.Fatalf("pair %d: row %d (%v)", n, pair.Row, err)
		}
		if n++; n == 8 {
			break
		}
	}
}
