package emoji

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// fakeEmoji are few enough to be written in a moment: name, tags and group by emoji.
var fakeEmoji = []struct{ emoji, group, name, tags string }{
	{"⬅️", "symbols", "left arrow", "arrow, west"}, {"➡️", "symbols", "right arrow", "arrow, east"},
	{"❤️", "smileys", "red heart", "love"}, {"💙", "smileys", "blue heart", "love"},
	{"👋", "people", "waving hand", "hello, wave"}, {"👋🏻", "people", "waving hand: light skin tone", ""},
	{"👋🏿", "people", "waving hand: dark skin tone", ""}, {"🧑‍🌾", "people", "farmer", "garden"},
	{"👨‍🌾", "people", "man farmer", "garden"}, {"👩‍🌾", "people", "woman farmer", "garden"},
	{"🍕", "food", "pizza", "cheese"}, {"🚀", "travel", "rocket", "space"}, {"🎲", "activities", "game die", "dice"},
}

// fakePackages makes the three packages with a drawing of each emoji: a disc of a colour of its own, on nothing.
func fakePackages(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	table := "emoji,hexcode,group,annotation,tags,openmoji_tags,skintone_base_hexcode\n"
	for i, e := range fakeEmoji {
		code := strings.ToUpper(codeOf(e.emoji))
		base := ""
		if strings.HasPrefix(e.emoji, "👋") {
			base = "1F44B"
		}
		table += fmt.Sprintf("%s,%s,%s,%s,%q,,%s\n", e.emoji, code, e.group, e.name, e.tags, base)
		shade := color.NRGBA{uint8(97 * i), uint8(151 * i), uint8(53 * i), 255}
		put(t, folder, Google, strings.ToLower(code)+".png", disc(t, shade))
		put(t, folder, Twitter, strings.ToLower(code)+".png", disc(t, shade))
		put(t, folder, OpenMoji, code+".svg", fmt.Appendf(nil,
			`<svg viewBox="0 0 72 72"><circle cx="36" cy="36" r="20" fill="#%02x%02x%02x"/></svg>`, shade.R, shade.G, shade.B))
	}
	table += "x,E000,extras-openmoji,brand logo,,,\n"
	for _, source := range Sources {
		p := packages[source]
		file(t, folder, p.folder()+"/package.json", fmt.Appendf(nil, `{"name": %q, "version": %q}`, p.name, p.version))
		file(t, folder, p.folder()+"/LICENSE", []byte("licence text of "+source))
		file(t, folder, p.folder()+"/LICENSE.txt", []byte("licence text of "+source))
	}
	file(t, folder, packages[OpenMoji].folder()+"/data/openmoji.csv", []byte(table))
	return folder
}

func put(t *testing.T, folder, source, name string, content []byte) {
	t.Helper()
	file(t, folder, packages[source].folder()+"/"+packages[source].images+"/"+name, content)
}

func file(t *testing.T, folder, name string, content []byte) {
	t.Helper()
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, content, 0o666)); err != nil {
		t.Fatal(err)
	}
}

func disc(t *testing.T, c color.NRGBA) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			if (x-32)*(x-32)+(y-32)*(y-32) < 400 {
				img.SetNRGBA(x, y, c)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func fakeConfig(t *testing.T) Config {
	c := DefaultConfig()
	c.Packages, c.HeldOutPercent = fakePackages(t), 50
	return c
}

func write(t *testing.T, c Config) (string, Summary) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "emoji")
	sum, err := Write(context.Background(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	return dir, sum
}

func treeHash(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	if err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %d %s", strings.TrimPrefix(path, dir), len(content), content)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

type emojiRow struct {
	Image *struct {
		Bytes []byte `parquet:"bytes,optional"`
	} `parquet:"image,optional"`
	Caption *string `parquet:"caption,optional"`
	Key     *string `parquet:"key,optional"`
	Source  *string `parquet:"source,optional"`
	License *string `parquet:"license,optional"`
	Base    *string `parquet:"base,optional"`
}

func readRows(t *testing.T, dir, prefix string) (all []emojiRow) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, prefix+"-*.parquet"))
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		reader := parquet.NewGenericReader[emojiRow](bytes.NewReader(content))
		rows := make([]emojiRow, reader.NumRows())
		if n, err := reader.Read(rows); n != len(rows) || err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%s: %d rows: %v", path, n, err)
		}
		all = append(all, rows...)
	}
	return all
}
