package emoji

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"slices"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/internal/atomicfile"
)

// Pair is a benchmark pair as PairsFile tells it.
type Pair struct {
	Questions  [2]int    `json:"questions"` // their ids
	Pattern    string    `json:"pattern"`
	Attribute  string    `json:"attribute"`
	Source     string    `json:"source"`
	Codes      [2]string `json:"codes"`
	statements [2]string
	images     [2][]byte
}

// writeBenchmark writes up to PairsPerPattern pairs of each pattern.
func (w *writer) writeBenchmark(ctx context.Context, dir string) error {
	w.sum.Pairs = map[string]int{}
	if w.config.PairsPerPattern == 0 {
		return nil
	}
	all := slices.Concat(w.listed, w.table.tonePairs(w.heldOut), w.table.genderPairs(w.heldOut))
	var pairs []Pair
	var items []mmvp.Item
	for _, pattern := range patternsOf(all) {
		found, err := w.choose(ctx, takeTurns(all, pattern))
		if err != nil {
			return err
		}
		w.sum.Pairs[pattern] = len(found)
		if len(found) < w.config.PairsPerPattern {
			w.sum.Short = append(w.sum.Short, fmt.Sprintf("%s: %d pairs, not %d: no more of them are drawn differently",
				pattern, len(found), w.config.PairsPerPattern))
		}
		for _, p := range found {
			id := 2*len(pairs) + 1
			p.Questions = [2]int{id, id + 1}
			pairs = append(pairs, p)
			items = append(items, mmvp.Item{Pattern: p.Pattern, Statements: p.statements, Images: p.images})
		}
	}
	if len(items) == 0 {
		return fmt.Errorf("benchmark: none of the listed pairs is drawn in %q", w.config.Sources)
	}
	if err := mmvp.Write(dir, items); err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(dir, PairsFile), func(out io.Writer) error {
		table := json.NewEncoder(out)
		for _, p := range pairs {
			if err := table.Encode(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// choose takes candidates in order, the sources in turn; when all are used it goes round again with the next source for
// each, so that no pair comes twice in the same drawing.
func (w *writer) choose(ctx context.Context, candidates []candidate) (found []Pair, err error) {
	sources := w.config.Sources
	for round := range sources {
		for i, c := range candidates {
			if len(found) == w.config.PairsPerPattern {
				return found, nil
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			p, ok, err := w.draw(c, sources[(i+round)%len(sources)])
			if err != nil {
				return nil, err
			}
			if ok {
				found = append(found, p)
			}
		}
	}
	return found, nil
}

// draw renders a candidate in a source; false if the source has not both, or draws them almost alike.
func (w *writer) draw(c candidate, source string) (Pair, bool, error) {
	p := Pair{Pattern: c.pattern, Attribute: c.attribute, Source: source, Codes: c.codes, statements: c.statements}
	for i, code := range c.codes {
		g, _ := w.table.find(code)
		name, ok := g.images[source]
		if !ok {
			return p, false, nil
		}
		var err error
		if p.images[i], err = w.table.render(name); err != nil {
			return p, false, err
		}
	}
	least := 0.0
	if c.byRule {
		least = leastDifference
	}
	differ, err := visiblyDifferent(p.images, least)
	if err == nil && !differ {
		w.sum.Unchanged++
	}
	return p, differ, err
}

// leastDifference is the share of pixels in which a pair made by rule must differ: a skin tone may show in no more than a
// dot of a face. The listed pairs were looked at; for them any difference will do.
const leastDifference = .01

// visiblyDifferent says whether more than the given share of pixels differs by an eighth of the range or more.
func visiblyDifferent(images [2][]byte, least float64) (bool, error) {
	var pixels [2]*image.RGBA
	for i := range images {
		var err error
		if pixels[i], err = decode(".png", images[i]); err != nil {
			return false, err
		}
	}
	a, b := pixels[0].Pix, pixels[1].Pix
	if len(a) != len(b) {
		return true, nil
	}
	differ := 0
	for i := 0; i < len(a); i += 4 {
		for c := i; c < i+3; c++ {
			if d := int(a[c]) - int(b[c]); d >= 32 || d <= -32 {
				differ++
				break
			}
		}
	}
	return float64(differ) > least*float64(len(a)/4), nil
}
