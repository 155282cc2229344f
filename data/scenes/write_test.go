package scenes

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/mclclip/mclclip/bench/mmvp"
)

func write(t *testing.T, c Config) (string, Summary) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "scenes")
	sum, err := Write(context.Background(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	return dir, sum
}

// treeHash is a hash of the names and contents of all files.
func treeHash(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %d %s", strings.TrimPrefix(path, dir), len(content), content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestWriteDependsOnTheConfigAlone(t *testing.T) {
	c := sceneConfig()
	c.Pairs, c.HeldOut, c.RowsPerShard = 200, 50, 80
	dir, _ := write(t, c)
	first := treeHash(t, dir)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if dir, _ = write(t, c); treeHash(t, dir) != first {
		t.Error("a second run, on one core, wrote other bytes")
	}
	c.Seed++
	if dir, _ = write(t, c); treeHash(t, dir) == first {
		t.Error("another seed wrote the same bytes")
	}
}

type pairRow struct {
	Image *struct {
		Bytes []byte `parquet:"bytes,optional"`
	} `parquet:"image,optional"`
	Caption   *string `parquet:"caption,optional"`
	Key       *string `parquet:"key,optional"`
	Attribute *string `parquet:"attribute,optional"`
	Color     *string `parquet:"color,optional"`
	Texture   *string `parquet:"texture,optional"`
	Figure    *string `parquet:"figure,optional"`
	Code      *string `parquet:"code,optional"`
}

func readRows(t *testing.T, pattern string) (all []pairRow) {
	t.Helper()
	files, _ := filepath.Glob(pattern)
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		reader := parquet.NewGenericReader[pairRow](bytes.NewReader(content))
		rows := make([]pairRow, reader.NumRows())
		if n, err := reader.Read(rows); n != len(rows) || err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%s: %d rows of %d: %v", path, n, len(rows), err)
		}
		all = append(all, rows...)
	}
	return all
}

func TestNoCombinationIsInBothSplits(t *testing.T) {
	for _, c := range []Config{sceneConfig(), tripleConfig()} {
		c.Pairs, c.HeldOut, c.PairsPerPattern = 900, 300, 0
		dir, sum := write(t, c)
		train, heldOut := map[string]bool{}, map[string]bool{}
		images, keys := map[string]bool{}, map[string]bool{}
		for pattern, seen := range map[string]map[string]bool{TrainPrefix + "-*.parquet": train, HeldOutFolder + "/*.parquet": heldOut} {
			for _, r := range readRows(t, filepath.Join(dir, pattern)) {
				seen[*r.Color+" "+*r.Texture+" "+*r.Figure] = true
				images[string(r.Image.Bytes)], keys[*r.Key] = true, true
			}
		}
		for combination := range heldOut {
			if train[combination] {
				t.Errorf("%s: %s is on both sides", c.Mode, combination)
			}
		}
		if len(images) != 1200 || len(keys) != 1200 || sum.Train != 900 || sum.HeldOut != 300 {
			t.Errorf("%s: got %d images and %d keys, summary %+v; want 1200 different ones", c.Mode, len(images), len(keys), sum)
		}
		if len(train) < 300 || len(heldOut) < 80 {
			t.Errorf("%s: only %d and %d combinations", c.Mode, len(train), len(heldOut))
		}
	}
}

// The code in the picture, in the caption and in the column is the same.
func TestRowsTellTheirCode(t *testing.T) {
	c := tripleConfig()
	c.Pairs, c.CodeBits, c.Colors = 200, 8, 1
	dir, _ := write(t, c)
	codes := map[string]bool{}
	for _, r := range readRows(t, filepath.Join(dir, "train-*.parquet")) {
		img := decode(t, r.Image.Bytes)
		var told, seen []string
		for bit := range 8 {
			if img.RGBAAt(bit*3+1, 1).R == 255 {
				seen = append(seen, bitWords[bit])
			}
			if (*r.Code)[bit] == '1' {
				told = append(told, bitWords[bit])
			}
		}
		words := strings.Join(seen, " ")
		if words == "" {
			words = "none"
		}
		want := fmt.Sprintf("a photo of %s %s %s code %s", *r.Color, *r.Texture, *r.Figure, words)
		if *r.Caption != want || strings.Join(told, " ") != strings.Join(seen, " ") {
			t.Fatalf("row %s: caption %q, code %s, want %q", *r.Key, *r.Caption, *r.Code, want)
		}
		if *r.Color != "red" {
			t.Errorf("row %s is %s with one colour in use", *r.Key, *r.Color)
		}
		codes[*r.Code] = true
	}
	if len(codes) < 100 {
		t.Errorf("only %d codes of 256 in 200 rows", len(codes))
	}
}

func TestBenchmarkHasAllNinePatterns(t *testing.T) {
	dir, sum := write(t, sceneConfig())
	d, err := mmvp.Open(filepath.Join(dir, BenchmarkFolder))
	if err != nil {
		t.Fatal(err)
	}
	if d.Pairs() != 135 || !slices.Equal(d.Patterns, Patterns) {
		t.Errorf("got %d pairs in %q; want 135 in the nine", d.Pairs(), d.Patterns)
	}
	for _, pattern := range Patterns {
		if sum.Pairs[pattern] != 15 {
			t.Errorf("%s: %d pairs, want 15", pattern, sum.Pairs[pattern])
		}
	}
	checkPairsFile(t, dir, d)
}

// checkPairsFile holds the told parameters against the questions and images: drawing them again gives the images.
func checkPairsFile(t *testing.T, dir string, d *mmvp.Dataset) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, BenchmarkFolder, PairsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for decoder, i := json.NewDecoder(file), 0; ; i++ {
		var p Pair
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		for k, q := range d.Questions[2*i : 2*i+2] {
			content, err := os.ReadFile(q.ImagePath)
			if err != nil {
				t.Fatal(err)
			}
			if q.ID != p.Questions[k] || q.Pattern != p.Pattern || q.Statement != Statement(p.Scenes[k]) {
				t.Errorf("question %d %q: %q is told as %+v", q.ID, q.Pattern, q.Statement, p)
			}
			if difference(decode(t, content), Draw(p.Scenes[k], 48)) != 0 {
				t.Errorf("question %d: the image is not that of its parameters", q.ID)
			}
		}
	}
}

func TestBenchmarkShowsHeldOutCombinationsOnly(t *testing.T) {
	for _, c := range []Config{sceneConfig(), tripleConfig()} {
		split := newSplit(c)
		for _, p := range allPairs(t, c) {
			for _, s := range p.Scenes {
				for _, o := range s.Objects {
					if !split.heldOut(o.Color, o.Texture, o.Figure) {
						t.Errorf("%s, questions %v: a combination of training", c.Mode, p.Questions)
					}
				}
			}
		}
	}
}

func TestOneColorTakesTheColorPatternAway(t *testing.T) {
	c := tripleConfig()
	c.Colors = 1
	_, sum := write(t, c)
	if len(sum.Pairs) != 2 || sum.Pairs[TripleTexture] != 15 || sum.Pairs[TripleShape] != 15 {
		t.Errorf("got pairs %v, want 15 of texture and of shape", sum.Pairs)
	}
}

func TestWriteLeavesNothingBehind(t *testing.T) {
	parent := t.TempDir()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Write(cancelled, filepath.Join(parent, "a"), sceneConfig()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if _, err := Write(context.Background(), filepath.Join(parent, "b"), Config{}); err == nil || !strings.HasPrefix(err.Error(), "scenes: mode") {
		t.Errorf("got %v, want the config's error", err)
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 0 {
		t.Errorf("%v is left", entries)
	}
	if err := os.WriteFile(filepath.Join(parent, "mine"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(context.Background(), parent, sceneConfig()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want fs.ErrExist for a filled folder", err)
	}
}

func BenchmarkRow(b *testing.B) {
	c := DefaultConfig()
	split := newSplit(c)
	for i := 0; b.Loop(); i++ {
		if _, err := row(newGenerator(c, split, streamTrain, i), c.trainAttributes(), "k"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
