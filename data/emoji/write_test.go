package emoji

import (
	"context"
	"errors"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/bench/mmvp"
)

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
	train, heldOut := readRows(t, dir, TrainPrefix), readRows(t, filepath.Join(dir, HeldOutFolder), HeldOutPrefix)
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
