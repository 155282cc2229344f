package mcl

import (
	"iter"
	"math"
	"path/filepath"
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
