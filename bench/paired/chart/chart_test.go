package chart

import (
	"bytes"
	"image/png"
	"math"
	"testing"
)

// figure has one line at a level, and one place without a value.
func figure(level float64) *Figure {
	return &Figure{Title: "t", XLabel: "bits", Places: []string{"0", "4", "8"}, Panels: []Panel{{Title: "shape", Lines: []Line{
		{Name: "base", Mean: []float64{level, level, math.NaN()}, Spread: []float64{0, 0, 0}},
	}}}}
}

func TestAFigureShowsItsValues(t *testing.T) {
	height := func(level float64) (row int) {
		var out bytes.Buffer
		if err := figure(level).WritePNG(&out); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(&out)
		if err != nil {
			t.Fatal(err)
		}
		x := left + (panelWidth-left-right)/3 // between the first two places
		for y := range panelHeight {
			if r, _, b, _ := img.At(x, y).RGBA(); r < b/2 {
				return y
			}
		}
		return -1
	}
	low, high := height(10), height(90)
	if want := .8 * (panelHeight - top - bottom); high < 0 || math.Abs(float64(low-high)-want) > 1.5 {
		t.Errorf("lines at rows %d and %d, want them %.0f apart", low, high, want)
	}
}

func TestAGalleryShowsWhatWasFound(t *testing.T) {
	shades := []uint8{0, 80, 160, 240}
	g := Gallery{
		Size: 2, Picture: func(i int) []uint8 { return bytes.Repeat(shades[i:i+1], 12) },
		Queries: []int{0, 3}, Groups: []GalleryGroup{{"base", [][]int{{1, 2}, {2, 1}}}},
	}
	var out bytes.Buffer
	if err := g.WritePNG(&out); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	x := 12 + thumb + groupGap + thumb/2
	for _, c := range []struct {
		x, row int
		want   uint8
	}{{12 + thumb/2, 0, 0}, {12 + thumb/2, 1, 240}, {x, 0, 80}, {x + thumb + gap, 0, 160}, {x, 1, 160}} {
		if r, _, _, _ := img.At(c.x, 56+c.row*(thumb+gap)+thumb/2).RGBA(); uint8(r>>8) != c.want {
			t.Errorf("at %d in row %d there is %d, want %d", c.x, c.row, r>>8, c.want)
		}
	}
}
