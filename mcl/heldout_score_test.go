package mcl

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train/metrics"
)

// The scores are compared with those of features embedded and joined here.
func TestEachModelIsScoredOnHeldOutPairsWhenItIsDone(t *testing.T) {
	torchtest.NoLeak(t)
	pairs, heldOut, c := sceneIndex(t, 160), sceneIndex(t, 40), smallRun()
	c.Stages, c.Control = 1, true
	dir, console := t.TempDir(), &bytes.Buffer{}
	run := preservingRun(t, dir, c, pairs, heldOut, console)
	if err := run.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, events, err := metrics.Read(filepath.Join(dir, metrics.LinesFile))
	if err != nil {
		t.Fatal(err)
	}
	scores := map[string]map[string]float64{}
	for _, e := range events {
		if e.Name == HeldOutEvent {
			scores[e.Phase] = e.Values
		}
	}
	if len(scores) != 3 {
		t.Fatalf("%d models are scored, want base, stage and control", len(scores))
	}
	if _, ok := scores["base"][HeldOutIntegratedImagesTag]; ok {
		t.Error("the base alone is integrated")
	}
	for _, kind := range []string{"stage", "control"} {
		var images, texts [2][][]float32
		for s := range 2 {
			p := newPhase(dir, kind, s, true)
			encoder, err := clip.OpenEncoder(p.model(), torch.CPU)
			if err != nil {
				t.Fatal(err)
			}
			transform, err := EvalTransform(encoder.Model.Config, encoder.Preprocess())
			if err != nil {
				t.Fatal(err)
			}
			f, err := run.embedHeldOut(t.Context(), p, encoder, transform, encodeRaw)
			encoder.Close()
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(f.images); i += f.width {
				images[s], texts[s] = append(images[s], f.images[i:i+f.width]), append(texts[s], f.texts[i:i+f.width])
			}
			checkHeldOut(t, p.name, scores[p.name][HeldOutImagesTag], scores[p.name][HeldOutTextsTag], images[s:s+1], texts[s:s+1])
			if s > 0 {
				checkHeldOut(t, p.name+" integrated", scores[p.name][HeldOutIntegratedImagesTag], scores[p.name][HeldOutIntegratedTextsTag], images[:s+1], texts[:s+1])
			}
		}
	}
	for _, want := range []string{"stage-1: 40 held-out pairs", "; integrated ", "control-1: 40 held-out pairs", "; the stages integrated "} {
		if !strings.Contains(console.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// checkHeldOut finds partners with nothing but Concat and inner products, of features by model and pair.
func checkHeldOut(t *testing.T, name string, toImage, toText float64, images, texts [][][]float32) {
	t.Helper()
	join := func(parts [][][]float32) (rows [][]float32) {
		for i := range parts[0] {
			var of [][]float32
			for _, part := range parts {
				of = append(of, part[i])
			}
			rows = append(rows, Concat(of...))
		}
		return rows
	}
	a, b := join(images), join(texts)
	if want := recallAtOne(a, b); math.Abs(toImage-want) > 1e-9 {
		t.Errorf("%s: text to image %.3f, want %.3f", name, toImage, want)
	}
	if want := recallAtOne(b, a); math.Abs(toText-want) > 1e-9 {
		t.Errorf("%s: image to text %.3f, want %.3f", name, toText, want)
	}
}

// One model knows the first number of a pair, the other the second; together they know the pair.
func TestIntegratedFeaturesFindWhatEachAloneDoesNot(t *testing.T) {
	torchtest.NoLeak(t)
	run := &Run{device: torch.CPU}
	var knows [2]heldOutFeatures
	for i := range 4 {
		for m, number := range []int{i / 2, i % 2} {
			one := []float32{float32(number), float32(1 - number)}
			knows[m].images, knows[m].texts, knows[m].width = append(knows[m].images, one...), append(knows[m].texts, one...), 2
		}
	}
	for name, c := range map[string]struct {
		f    heldOutFeatures
		want float64
	}{"the first": {knows[0], 0.5}, "the second": {knows[1], 0.5}, "both": {joinHeldOut(knows[:]), 1}} {
		score, err := run.scoreHeldOut(c.f)
		if err != nil || score.TextToImage != c.want || score.ImageToText != c.want {
			t.Errorf("%s: %+v, want %g (%v)", name, score, c.want, err)
		}
	}
}

func TestFeaturesOfHeldOutPairsAreJoinedPairByPair(t *testing.T) {
	joined := joinHeldOut([]heldOutFeatures{
		{images: []float32{1, 2, 3, 4}, texts: []float32{5, 6, 7, 8}, width: 2}, {images: []float32{10, 20}, texts: []float32{30, 40}, width: 1},
	})
	want := heldOutFeatures{images: []float32{1, 2, 10, 3, 4, 20}, texts: []float32{5, 6, 30, 7, 8, 40}, width: 3}
	if !slices.Equal(joined.images, want.images) || !slices.Equal(joined.texts, want.texts) || joined.width != want.width {
		t.Errorf("got %+v, want %+v", joined, want)
	}
}
