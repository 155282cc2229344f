package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// classFolders writes an image folder of noise in two brightnesses.
func classFolders(t *testing.T, n int) string {
	t.Helper()
	dir, r := t.TempDir(), rand.New(rand.NewPCG(1, 0))
	for _, part := range []string{"train", "val"} {
		for class, name := range []string{"dark", "light"} {
			sub := filepath.Join(dir, part, name)
			if err := os.MkdirAll(sub, 0o755); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				img := image.NewGray(image.Rect(0, 0, 16, 16))
				for k := range img.Pix {
					img.Pix[k] = uint8(120*class + r.IntN(120))
				}
				img.SetGray(i%16, 0, color.Gray{uint8(i)})
				var out bytes.Buffer
				if err := png.Encode(&out, img); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("%d.png", i)), out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return dir
}

func TestBenchUnimodal(t *testing.T) {
	data, out := classFolders(t, 40), filepath.Join(t.TempDir(), "unimodal")
	args := []string{"bench", "unimodal", "--data", "imagefolder:" + data, "--size", "16", "--out", out, "--seeds", "1", "--stages", "1", "--clusters", "2",
		"--width", "4", "--batch-size", "16", "--queue", "32", "--groups", "2", "--base-steps", "2", "--steps", "2", "--threads", "1"}
	code, table, stderr := mclclip(t, "", args...)
	if code != codeDone {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	if got := readTrial(t, out, "unimodal"); len(got.Scores) != 2*4*2 || got.Scores[0].Of != 80 || len(got.Verdicts) != 2*2 {
		t.Errorf("%d scores, %d verdicts, table\n%s", len(got.Scores), len(got.Verdicts), table)
	}
	if err := os.WriteFile(filepath.Join(data, "train", "dark", "3.png"), []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := mclclip(t, "", args...); code != codeError || !strings.Contains(stderr, filepath.Join("dark", "3.png")) {
		t.Errorf("a damaged picture: exit code %d, stderr %q", code, stderr)
	}
	for value, want := range map[string]string{"cifar10:" + data: "batches.meta.txt is missing", "mnist:" + data: "unknown kind", "cifar10": "FOLDER"} {
		args[3] = value
		if code, _, stderr := mclclip(t, "", args...); code == codeDone || !strings.Contains(stderr, want) {
			t.Errorf("--data %s: exit code %d, stderr %q", value, code, stderr)
		}
	}
}
