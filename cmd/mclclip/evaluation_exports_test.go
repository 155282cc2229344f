package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/data/embedding"
)

// npyExport writes an export of made-up features with classes as keys.
func npyExport(t *testing.T, nan bool, classes ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "e")
	w, err := embedding.NewNPY(dir, embedding.Meta{Model: "m", Dim: 2, Metric: "cosine", DType: embedding.Float32}, embedding.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, class := range classes {
		x := float32(i)
		if err := w.Write([]embedding.Row{{ID: fmt.Sprint(i), Row: int64(i), Key: class, Caption: class, Image: []float32{1, x}, Text: []float32{x, 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if nan { // the writer refuses it
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if filepath.Base(path) != "img_emb_0.npy" {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			copy(raw[len(raw)-4:], "\x00\x00\xc0\x7f")
			return os.WriteFile(path, raw, 0o666)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMistakesInEvaluationsAreAnsweredInOneLine(t *testing.T) {
	good := npyExport(t, false, "cat", "cat", "dog", "dog", "dog", "cat", "cat", "dog")
	one, nan, short := npyExport(t, false, "cat", "cat", "cat"), npyExport(t, true, "cat", "dog", "cat", "dog"), npyExport(t, false, "cat", "dog")
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"probe --embeddings " + one + " --label-column image_path", codeError, "a single class"},
		{"probe --embeddings " + nan + " --test-share 0.5 --label-column image_path", codeError, "zero or not finite"},
		{"probe --embeddings " + good, codeUsage, "--label-column is missing"},
		{"probe --embeddings " + good + " --label-column label", codeError, `no column "label"`},
		{"probe --embeddings " + good + " --embeddings " + short + " --label-column image_path", codeError, "has 8 rows"},
		{"probe --embeddings " + good + " --test-share 2 --label-column image_path", codeUsage, "--test-share 2"},
		{"probe --embeddings " + good + " --run x --label-column image_path", codeUsage, "leave --run"},
		{"retrieval --embeddings " + filepath.Join(good, "none"), codeError, "no such folder"},
		{"retrieval --pairs x", codeUsage, "give --run"},
		{"retrieval --run x", codeUsage, "give the images to measure on"},
		{"retrieval --run x --pairs y", codeError, "there is no folder x"},
		{"retrieval --run x --pairs y --integrate mean", codeUsage, "--integrate \"mean\""},
		{"zeroshot --embeddings " + good + " --label-column image_path", codeUsage, "--class-features"},
		{"zeroshot --run x --images y --templates nowhere", codeError, "want a file, or name, photo, simple"},
		{"zeroshot --run x --images y --label-column z", codeUsage, "--label-column goes with"},
	} {
		code, stdout, stderr := mclclip(t, "", append([]string{"bench"}, strings.Fields(c.args)...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("bench %s: exit code %d, stderr %q; want %d and %q", c.args, code, stderr, c.code, c.want)
		}
	}
}

func TestZeroShotOfExports(t *testing.T) {
	good := npyExport(t, false, "0", "0", "1", "1") // at angles of 0, 45, 63 and 72 degrees
	classes := filepath.Join(t.TempDir(), "classes.txt")
	if err := os.WriteFile(classes, []byte("flat thing\nsteep thing\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	features := npyExport(t, false, "a", "b") // at 0 and 45 degrees
	r := evaluated(t, "zeroshot", "--embeddings", "it="+good, "--label-column", "image_path", "--classes", classes,
		"--class-features", filepath.Join(features, "img_emb", "img_emb_0.npy"))
	if columns(r) != "it" || value(t, r, "it", "top-1") != 75 {
		t.Errorf("got %+v", r)
	}
}
