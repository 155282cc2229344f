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
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/mclclip/mclclip/bench/mmvp"
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

func TestWriteDependsOnConfigAndPackagesAlone(t *testing.T) {
	c := fakeConfig(t)
	dir, _ := write(t, c)
	first := treeHash(t, dir)
	if dir, _ = write(t, c); treeHash(t, dir) != first {
		t.Error("a second run wrote other bytes")
	}
	c.Seed = 1
	if dir, _ = write(t, c); treeHash(t, dir) == first {
		t.Error("another seed wrote the same bytes")
	}
}

func TestRowsOfAFakePackage(t *testing.T) {
	c := fakeConfig(t)
	dir, sum := write(t, c)
	train, heldOut := readRows(t, dir, TrainPrefix), readRows(t, dir, HeldOutPrefix)
	if len(train)+len(heldOut) != 3*len(fakeEmoji) || int(sum.Train) != len(train) || int(sum.HeldOut) != len(heldOut) {
		t.Errorf("got %d and %d rows, summary %+v; want %d in all", len(train), len(heldOut), sum, 3*len(fakeEmoji))
	}
	sides := map[string]string{}
	captions := map[string]string{}
	for side, rows := range map[string][]emojiRow{"train": train, "held out": heldOut} {
		for _, r := range rows {
			if other, known := sides[*r.Base]; known && other != side {
				t.Errorf("base %s is on both sides", *r.Base)
			}
			sides[*r.Base] = side
			captions[*r.Key] = *r.Caption
			if *r.License != packages[*r.Source].license {
				t.Errorf("row %s: licence %q", *r.Key, *r.License)
			}
		}
	}
	for _, base := range []string{"2b05", "27a1", "2764", "1f499"} {
		if sides[base] != "held out" {
			t.Errorf("%s is in a listed pair but on the side %q", base, sides[base])
		}
	}
	if got, want := captions["twitter/1f44b-1f3ff"], "a photo of waving hand, dark skin tone, hello, wave"; got != want {
		t.Errorf("got caption %q, want %q", got, want)
	}
	if _, has := captions["openmoji/e000"]; has {
		t.Error("openmoji's own additions are no emoji")
	}
}

func TestBenchmarkOfAFakePackage(t *testing.T) {
	c := fakeConfig(t)
	c.HeldOutPercent = 90 // the hand and the farmer too
	dir, sum := write(t, c)
	d, err := mmvp.Open(filepath.Join(dir, BenchmarkFolder))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"Orientation and Direction", "Color and Appearance"}; !slices.Equal(d.Patterns, want) {
		t.Fatalf("got patterns %q, want %q", d.Patterns, want)
	}
	var statements []string
	for _, q := range d.Questions {
		statements = append(statements, q.Statement)
	}
	for _, want := range []string{"an arrow pointing left", "a red heart", "waving hand with dark skin", "woman farmer"} {
		if !slices.Contains(statements, want) {
			t.Errorf("no statement %q in %q", want, statements)
		}
	}
	// Three sources draw one pair of arrows, and red and blue hearts, hands and farmers.
	if sum.Pairs["Orientation and Direction"] != 3 || sum.Pairs["Color and Appearance"] != 9 || len(sum.Short) != 9 {
		t.Errorf("got pairs %v, short %q; want 3 and 9 pairs, and all nine patterns named as short", sum.Pairs, sum.Short)
	}
}

func TestLicensesAreNamed(t *testing.T) {
	c := fakeConfig(t)
	c.Sources = []string{Twitter, OpenMoji}
	dir, _ := write(t, c)
	content, err := os.ReadFile(filepath.Join(dir, LicensesFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Twemoji", "CC BY 4.0", "CC BY-SA 4.0", "licence text of twitter", "licence text of openmoji", "Changes:"} {
		if !strings.Contains(string(content), want) {
			t.Errorf("%s does not say %q", LicensesFile, want)
		}
	}
	if strings.Contains(string(content), "Noto") {
		t.Errorf("%s names a source that is not used", LicensesFile)
	}
}

func TestUnusableDrawingsAreReported(t *testing.T) {
	c := fakeConfig(t)
	put(t, c.Packages, Google, codeOf("🍕")+".png", []byte("not a PNG"))
	put(t, c.Packages, OpenMoji, strings.ToUpper(codeOf("🚀"))+".svg", []byte("<svg><text/></svg>"))
	_, sum := write(t, c)
	slices.Sort(sum.Skipped)
	if len(sum.Skipped) != 2 || !strings.Contains(sum.Skipped[0], "google/64/1f355.png: png:") || !strings.Contains(sum.Skipped[1], "1F680.svg: svg:") {
		t.Errorf("got skipped %q, want the two", sum.Skipped)
	}
	if n := sum.Train + sum.HeldOut; int(n) != 3*len(fakeEmoji)-2 {
		t.Errorf("got %d rows, want %d", n, 3*len(fakeEmoji)-2)
	}
}

func TestPairsDrawnAlikeAreLeftOut(t *testing.T) {
	c := fakeConfig(t)
	c.Sources = []string{Google}
	put(t, c.Packages, Google, codeOf("❤️")+".png", disc(t, color.NRGBA{1, 2, 3, 255}))
	put(t, c.Packages, Google, codeOf("💙")+".png", disc(t, color.NRGBA{1, 2, 3, 255}))
	c.HeldOutPercent = 0
	_, sum := write(t, c)
	if sum.Unchanged != 1 || sum.Pairs["Color and Appearance"] != 0 {
		t.Errorf("got %d alike and pairs %v, want one left out", sum.Unchanged, sum.Pairs)
	}
}

func TestWriteRefuses(t *testing.T) {
	filled := t.TempDir()
	file(t, filled, "mine", nil)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		dir    string
		change func(*Config)
		want   string
	}{
		"no folder":  {dir: "out", change: func(c *Config) { c.Packages += "/none" }, want: "scripts/emoji.py"},
		"no package": {dir: "out", change: func(c *Config) { os.RemoveAll(filepath.Join(c.Packages, packages[Twitter].folder())) }, want: "emoji-datasource-twitter-16.0.0 is missing"},
		"other version": {dir: "out", change: func(c *Config) {
			file(t, c.Packages, "openmoji-17.0.0/package.json", []byte(`{"name":"openmoji","version":"18.0.0"}`))
		}, want: "is openmoji 18.0.0"},
		"damaged table": {dir: "out", change: func(c *Config) { file(t, c.Packages, "openmoji-17.0.0/data/openmoji.csv", []byte("hexcode,group\n")) }, want: `no column "annotation"`},
		"empty table":   {dir: "out", change: func(c *Config) { file(t, c.Packages, "openmoji-17.0.0/data/openmoji.csv", nil) }, want: "the table is empty"},
		"link out":      {dir: "out", change: func(c *Config) { linkOut(t, c.Packages) }, want: "escapes"},
		"config":        {dir: "out", change: func(c *Config) { c.Sources = nil }, want: "emoji: no sources"},
		"filled":        {dir: filled, change: func(*Config) {}, want: "is not empty"},
		"cancelled":     {ctx: cancelled, dir: "out", change: func(*Config) {}, want: "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			config := fakeConfig(t)
			c.change(&config)
			parent := t.TempDir()
			if !filepath.IsAbs(c.dir) {
				c.dir = filepath.Join(parent, c.dir)
			}
			if c.ctx == nil {
				c.ctx = context.Background()
			}
			if _, err := Write(c.ctx, c.dir, config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if entries, _ := os.ReadDir(parent); len(entries) > 0 {
				t.Errorf("%v is left", entries)
			}
		})
	}
}

// linkOut replaces a package's table by a link to a file elsewhere.
func linkOut(t *testing.T, folder string) {
	t.Helper()
	elsewhere := filepath.Join(t.TempDir(), "secret.csv")
	name := filepath.Join(folder, packages[OpenMoji].folder(), "data", "openmoji.csv")
	if err := errors.Join(os.WriteFile(elsewhere, []byte("secret"), 0o600), os.Remove(name), os.Symlink(elsewhere, name)); err != nil {
		t.Fatal(err)
	}
}
