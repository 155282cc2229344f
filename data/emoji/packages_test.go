package emoji

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/internal/testneed"
)

// realWriter is a writer over the published packages.
func realWriter(t *testing.T, c Config) *writer {
	t.Helper()
	folder, err := DefaultPackages()
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(filepath.Join(folder, packages[OpenMoji].folder()))
	testneed.Require(t, "emoji", err == nil, "fetch the packages with scripts/emoji.py")
	c.Packages = folder
	w, err := newWriter(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.table.close)
	return w
}

func TestPublishedPackagesAreReadWhole(t *testing.T) {
	w := realWriter(t, DefaultConfig())
	drawn := map[string]int{}
	for _, g := range w.table.glyphs {
		for source := range g.images {
			drawn[source]++
		}
	}
	// Emoji 16.0 has 3781 emoji, with those of skin tones, besides 9 components and regional letters that are drawn too;
	// one source more or less draws some of them.
	for _, source := range Sources {
		if drawn[source] < 3770 || drawn[source] > 4000 {
			t.Errorf("%s draws %d named emoji, want some 3790", source, drawn[source])
		}
	}
}

func TestListedPairsAreDrawnByAllSources(t *testing.T) {
	w := realWriter(t, DefaultConfig())
	for _, p := range w.listed {
		for _, source := range Sources {
			if _, ok, err := w.draw(p, source); err != nil || !ok {
				t.Errorf("%s: %q and %q: drawn and different: %v (%v)", source, p.statements[0], p.statements[1], ok, err)
			}
		}
	}
}

func TestPublishedPackagesFillTheBenchmark(t *testing.T) {
	w := realWriter(t, DefaultConfig())
	dir := filepath.Join(t.TempDir(), "benchmark")
	if err := w.writeBenchmark(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	d, err := mmvp.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d.Pairs() != 135 || len(d.Patterns) != 9 || len(w.sum.Short) > 0 {
		t.Errorf("got %d pairs in %d patterns, short: %q; want 135 in 9", d.Pairs(), len(d.Patterns), w.sum.Short)
	}
	for _, g := range w.table.glyphs {
		if w.forced[g.base] && !w.heldOut(g.base) {
			t.Errorf("%s is in a listed pair and in training", g.name)
		}
	}
}

// outlineOverlap is the share of the pixels drawn in either image that are drawn in both, and the mean colours of what is drawn.
func outlineOverlap(t *testing.T, a, b []byte) (overlap float64, colors [2][3]float64) {
	t.Helper()
	var either, both float64
	var count [2]float64
	x, err := decode("a.png", a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := decode("b.png", b)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(x.Pix); i += 4 {
		var drawn [2]bool
		for k, pix := range [2][]byte{x.Pix[i:], y.Pix[i:]} {
			if drawn[k] = pix[0] < 245 || pix[1] < 245 || pix[2] < 245; drawn[k] {
				count[k]++
				for c := range 3 {
					colors[k][c] += float64(pix[c])
				}
			}
		}
		if drawn[0] || drawn[1] {
			either++
		}
		if drawn[0] && drawn[1] {
			both++
		}
	}
	for k := range colors {
		for c := range 3 {
			colors[k][c] /= count[k]
		}
	}
	return both / either, colors
}

// Where only the colour is said to differ the outline must not, and the other way round.
func TestPairsDifferInTheNamedRespect(t *testing.T) {
	w := realWriter(t, DefaultConfig())
	none := func(string) bool { return true }
	all := append(w.table.tonePairs(none)[:40], w.listed...)
	for _, p := range all {
		for _, source := range Sources {
			pair, ok, err := w.draw(p, source)
			if err != nil || !ok {
				continue // said by another test
			}
			overlap, colors := outlineOverlap(t, pair.images[0], pair.images[1])
			apart := 0.0
			for c := range 3 {
				apart = max(apart, colors[0][c]-colors[1][c], colors[1][c]-colors[0][c])
			}
			switch p.attribute {
			case "heart", "circle", "square", "diamond", "skin tone":
				if overlap < .93 || apart < 30 && p.attribute != "skin tone" {
					t.Errorf("%s: %q and %q: outlines overlap by %.2f, colours are %.0f apart", source, p.statements[0], p.statements[1], overlap, apart)
				}
			case "outline":
				if overlap > .95 || apart > 40 {
					t.Errorf("%s: %q and %q: outlines overlap by %.2f, colours are %.0f apart", source, p.statements[0], p.statements[1], overlap, apart)
				}
			}
		}
	}
}
