package report

import (
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mclclip/mclclip/bench/mmvp"
)

// painted counts the pixels of a figure that are near a colour.
func painted(t *testing.T, path string, want color.Color) (n int) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	r, g, b, _ := want.RGBA()
	near := func(a, b uint32) bool { return max(a, b)-min(a, b) < 0x1000 }
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if pr, pg, pb, _ := img.At(x, y).RGBA(); near(pr, r) && near(pg, g) && near(pb, b) {
				n++
			}
		}
	}
	return n
}

func figures(t *testing.T, r *Report) (dir string, names []string) {
	t.Helper()
	dir = os.Getenv("REPORT_FIGURES") // to look at them
	if dir == "" {
		dir = t.TempDir()
	}
	paths, err := r.WriteFigures(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return dir, names
}

func TestFiguresShowTheirValues(t *testing.T) {
	dir, names := figures(t, full(t))
	if !slices.Equal(names, []string{"loss.png", "scores.png", "clusters.png"}) {
		t.Fatalf("figures %v", names)
	}
	for i, name := range names {
		if n := painted(t, filepath.Join(dir, name), palette[1]); n < 500 {
			t.Errorf("%s: %d pixels of stage 1", name, n)
		}
		if n := painted(t, filepath.Join(dir, name), palette[4]); n > 0 {
			t.Errorf("%s: %d pixels of a stage that is not there", name, n)
		}
		if i == 1 {
			continue
		}
		if n := painted(t, filepath.Join(dir, name), palette[0]); n < 500 {
			t.Errorf("%s: %d pixels of the base", name, n)
		}
	}
}

// A higher score stands higher.
func TestTheScoreIsWhereTheScaleSaysItIs(t *testing.T) {
	row := func(average float64) int {
		r := &Report{Scores: &mmvp.Report{Columns: []mmvp.Column{
			{Name: "base", Result: mmvp.Result{Average: average, Interval: [2]float64{average, average}}},
			{Name: "control", Result: mmvp.Result{Average: 90, Interval: [2]float64{90, 90}}},
		}}}
		dir, _ := figures(t, r)
		file, err := os.Open(filepath.Join(dir, "scores.png"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		img, err := png.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		sum, n := 0, 0
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() / 2 {
				if pr, _, pb, _ := img.At(x, y).RGBA(); pb > 0xe000 && pr < 0x3000 {
					sum, n = sum+y, n+1
				}
			}
		}
		if n == 0 {
			t.Fatal("no mark")
		}
		return sum / n
	}
	ten, thirty, fifty := row(10), row(30), row(50)
	if a, b := ten-thirty, thirty-fifty; a < 100 || max(a, b)-min(a, b) > 4 {
		t.Errorf("marks of 10, 30 and 50 at rows %d, %d and %d", ten, thirty, fifty)
	}
}

func TestARunWithoutResultsHasNoFigures(t *testing.T) {
	if _, names := figures(t, &Report{Title: "new"}); names != nil {
		t.Errorf("figures %v", names)
	}
}
