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
	// middle is the mean row of what has the line's colour, as a share of the height. The legend has the same few pixels of it in each
	// figure.
	middle := func(level float64) float64 {
		var out bytes.Buffer
		if err := figure(level).WritePNG(&out); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(&out)
		if err != nil {
			t.Fatal(err)
		}
		sum, n := 0, 0
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				if r, g, b, _ := img.At(x, y).RGBA(); r>>8 == 0 && g>>8 == 114 && b>>8 == 178 {
					sum, n = sum+y, n+1
				}
			}
		}
		return float64(sum) / float64(max(1, n)) / float64(img.Bounds().Dy())
	}
	low, high := middle(10), middle(90)
	if low-high < .35 || low < .5 || high > .5 {
		t.Errorf("lines at %.2f and %.2f of the height, want the lower value lower by about half", low, high)
	}
	if err := (&Figure{Title: "t"}).WritePNG(&bytes.Buffer{}); err == nil {
		t.Error("an empty figure was written")
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
