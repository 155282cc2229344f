package mmvp

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func flat(c color.Color) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		m.Set(i%8, i/8, c)
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// threeItems come with the patterns mixed, and with one PNG.
func threeItems(t testing.TB) []Item {
	red, blue := asJPEG(t, flat(color.RGBA{R: 255, A: 255})), asJPEG(t, flat(color.RGBA{B: 255, A: 255}))
	item := func(pattern, a, b string) Item {
		return Item{Pattern: pattern, Statements: [2]string{a, b}, Images: [2][]byte{red, blue}}
	}
	items := []Item{
		item("Color and Appearance", "a red square", "a blue square"),
		item("Texts", `a sign that says "A, B"`, "a sign without\na word"),
		item("Color and Appearance", "red", "blue"),
	}
	items[1].Images[1] = asPNG(t, flat(color.White))
	return items
}

func TestWriteAndOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bench")
	items := threeItems(t)
	if err := Write(dir, items); err != nil {
		t.Fatal(err)
	}
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d.Pairs() != 3 || len(d.Patterns) != 2 || d.Patterns[1] != "Texts" {
		t.Fatalf("got %d pairs of %q", d.Pairs(), d.Patterns)
	}
	order := []Item{items[0], items[2], items[1]} // grouped by pattern
	for i, q := range d.Questions {
		item, s := order[i/2], i%2
		if q.ID != i+1 || q.Pattern != item.Pattern || q.Statement != item.Statements[s] {
			t.Errorf("question %d: got %+v, want that of %q", i, q, item.Statements[s])
		}
		got, err := os.ReadFile(q.ImagePath)
		if err != nil || !bytes.Equal(got, item.Images[s]) {
			t.Errorf("question %d: image %s is another (%v)", i, q.ImagePath, err)
		}
	}
	if got, want := d.Questions[5].ImagePath, filepath.Join(dir, "MLLM_VLM Images", "Texts", "6.png"); got != want {
		t.Errorf("got image %s, want %s", got, want)
	}
}

func TestWriteRefusesItemsThatCannotBeScored(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Item)
		want  string
	}{
		"a path as pattern":      {func(i *Item) { i.Pattern = "../out" }, "cannot be the name of a folder"},
		"no pattern":             {func(i *Item) { i.Pattern = "" }, "cannot be the name of a folder"},
		"spaces around it":       {func(i *Item) { i.Pattern = " Texts" }, "cannot be the name of a folder"},
		"an empty statement":     {func(i *Item) { i.Statements[1] = " " }, "statement 2 is empty"},
		"something not an image": {func(i *Item) { i.Images[0] = []byte("GIF89a") }, "image 1 is neither a JPEG nor a PNG"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "bench")
			items := threeItems(t)
			c.spoil(&items[2])
			err := Write(dir, items)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "item 2") {
				t.Errorf("got error %v, want one with %q that names item 2", err, c.want)
			}
			if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the folder is there (%v)", err)
			}
		})
	}
}

func TestWriteRefusesAFilledFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, threeItems(t)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got error %v, want ErrExist", err)
	}
}
