package mcl

import (
	"errors"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestFeaturesComeBackFromTheirFile(t *testing.T) {
	m := &Matrix{Columns: 300, Data: make([]float32, 300*9001)} // more than two blocks
	for i := range m.Data {
		m.Data[i] = float32(i) * 0.25
	}
	path := filepath.Join(t.TempDir(), "features")
	file, err := SaveFeatures(path, 300, m.Blocks())
	if err != nil {
		t.Fatal(err)
	}
	if file.Len() != 9001 || file.Width() != 300 {
		t.Errorf("the file has %d rows of %d", file.Len(), file.Width())
	}
	for range 2 {
		var all []float32
		for x, err := range file.Blocks() {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, x...)
		}
		if !slices.Equal(all, m.Data) {
			t.Error("the features did not come back")
		}
	}
	if _, err := OpenFeatures(path, 301); err == nil || !strings.Contains(err.Error(), "no whole rows of 301") {
		t.Errorf("opened with another width: %v", err)
	}
}

// A pass that ends early leaves no reader behind, and a file that was cut short since it was opened is an error.
func TestPassesOverAFileEndEarly(t *testing.T) {
	m := &Matrix{Columns: 4, Data: make([]float32, 1<<22)} // four blocks
	for i := range m.Data {
		m.Data[i] = float32(i)
	}
	path := filepath.Join(t.TempDir(), "features")
	file, err := SaveFeatures(path, 4, m.Blocks())
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for range 20 {
		for x, err := range file.Blocks() {
			if err != nil || x[1] != 1 {
				t.Fatalf("the first block begins with %v (%v)", x[:4], err)
			}
			break
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, before %d", after, before)
	}
	rows := []int64{0, 5, 1<<20 - 1}
	err = file.ReadRows(rows, func(i int, x []float32) {
		if !slices.Equal(x, m.Row(int(rows[i]))) {
			t.Errorf("row %d is %v", rows[i], x)
		}
	})
	if err != nil {
		t.Error(err)
	}
	if err := os.Truncate(path, 9<<20); err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, err = range file.Blocks() {
		blocks++
	}
	if blocks != 3 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("block %d of a file cut short: %v", blocks, err)
	}
	if err := file.ReadRows(rows, func(int, []float32) {}); err == nil || !strings.Contains(err.Error(), "row 1048575") {
		t.Errorf("a row that is gone: %v", err)
	}
}

func TestUnevenBlocksAreNotSaved(t *testing.T) {
	blocks := iter.Seq2[[]float32, error](func(yield func([]float32, error) bool) { yield(make([]float32, 5), nil) })
	if _, err := SaveFeatures(filepath.Join(t.TempDir(), "features"), 2, blocks); err == nil {
		t.Error("5 numbers were saved as rows of 2")
	}
}

func TestNormalizeScalesToLengthOne(t *testing.T) {
	x := []float32{3, 4, 1e-20, 0, 2e19, 2e19}
	if err := Normalize(x, 2); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.6, 0.8, 1, 0, math.Sqrt2 / 2, math.Sqrt2 / 2} {
		if math.Abs(float64(x[i])-want) > 1e-7 {
			t.Errorf("number %d is %g, want %g", i, x[i], want)
		}
	}
	for _, bad := range [][]float32{{1, 0, 0, 0}, {1, 0, float32(math.NaN()), 0}, {1, 0, 0, float32(math.Inf(1))}} {
		if err := Normalize(bad, 2); err == nil || !strings.Contains(err.Error(), "row 1") {
			t.Errorf("%v: got %v, want an error that names row 1", bad, err)
		}
	}
}
