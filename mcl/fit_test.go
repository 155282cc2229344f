package mcl

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// expert makes features of pairs from hidden codes: what a model sees of a pair is its code times sharp, plus noise of its own.
func expert(r *rand.Rand, name string, codes [][]float32, sharp func(pair int) float64) PairFeatures {
	p := PairFeatures{Name: name}
	see := func(i int) []float32 {
		v := make([]float32, len(codes[i]))
		for j, x := range codes[i] {
			v[j] = float32(sharp(i)*float64(x) + 0.7*r.NormFloat64())
		}
		return v
	}
	for i := range codes {
		p.Images, p.Texts = append(p.Images, see(i)), append(p.Texts, see(i))
	}
	return p
}

func codes(r *rand.Rand, n, width int) (rows [][]float32) {
	for range n {
		row := make([]float32, width)
		for j := range row {
			row[j] = float32(r.NormFloat64())
		}
		rows = append(rows, row)
	}
	return rows
}

func TestAModelOfNoiseGetsNoWeight(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	hidden := codes(r, 600, 12)
	members := []PairFeatures{
		expert(r, "base", hidden, func(int) float64 { return 1 }),
		expert(r, "stage-1", hidden, func(int) float64 { return 0 }),
		expert(r, "stage-2", hidden, func(int) float64 { return 1 }),
	}
	f, err := FitFusion(Weighted, members)
	if err != nil {
		t.Fatal(err)
	}
	w := f.Weights()
	if w[1] > 0.02 || math.Abs(w[0]-w[2]) > 0.15 || f.HeldOut.Fitted >= f.HeldOut.Equal {
		t.Errorf("weights %v, losses %+v", w, f.HeldOut)
	}
}

// One model sees the pairs of one kind, the other those of the other; the kind can be read from the features.
func TestAttentionWeighsByTheItem(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	hidden := codes(r, 500, 12)
	kind := func(i int) int { return i % 2 }
	var members []PairFeatures
	for s, name := range []string{"base", "stage-1"} {
		m := expert(r, name, hidden, func(i int) float64 { return float64(1 - (kind(i)+s)%2) })
		for i := range hidden {
			m.Images[i] = append(m.Images[i], float32(3*kind(i)-1))
			m.Texts[i] = append(m.Texts[i], float32(3*kind(i)-1))
		}
		members = append(members, m)
	}
	fixed, err := FitFusion(Weighted, members)
	if err != nil {
		t.Fatal(err)
	}
	attention, err := FitFusion(Attention, members)
	if err != nil {
		t.Fatal(err)
	}
	if attention.Scale != fixed.Scale {
		t.Errorf("attention changed the logit scale from %v to %v", fixed.Scale, attention.Scale)
	}
	if attention.Weights() != nil || fixed.Weights() == nil {
		t.Error("attention has fixed weights, or weighted has none")
	}
	if a, b := attention.HeldOut.Fitted, fixed.HeldOut.Fitted; a > 0.8*b {
		t.Errorf("held-out loss %v by attention, %v by fixed weights", a, b)
	}
}

func TestTheGradientOfTheFitIsThatOfItsLoss(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	hidden := codes(r, 150, 4) // two blocks, one of them short
	members := []PairFeatures{expert(r, "a", hidden, func(int) float64 { return 1 }), expert(r, "b", hidden, func(i int) float64 { return 0.5 })}
	p := newFusionProblem(members, 0, 150)
	for _, s := range []shape{{}, attend} {
		x := p.start()
		if s.attention {
			x = p.attentionStart(x)
		}
		for i := range x {
			x[i] += 0.3 * r.NormFloat64()
		}
		gradient := make([]float64, len(x))
		p.loss(x, gradient, s, 0.01)
		for i := range x {
			if i == 0 && s.attention { // the scale stays
				continue
			}
			const h = 1e-5
			at := x[i]
			x[i] = at + h
			up := p.loss(x, nil, s, 0.01)
			x[i] = at - h
			down := p.loss(x, nil, s, 0.01)
			x[i] = at
			if slope := (up - down) / (2 * h); math.Abs(slope-gradient[i]) > 1e-6 {
				t.Errorf("attention %v: component %d is %v, the loss says %v", s.attention, i, gradient[i], slope)
			}
		}
	}
}

func TestEqualWeightsAreTheMeanOfTheCosines(t *testing.T) {
	f := &Fusion{Images: Weigher{Bias: []float64{0.5, 0.5}}, Texts: Weigher{Bias: []float64{0.5, 0.5}}}
	a, b := [][]float32{{3, 4}, {0, 1}}, [][]float32{{1, 0}, {1, 1}}
	want := (0.6 + math.Sqrt(0.5)) / 2
	if got := cosine(f.Image(a), f.Text(b)); math.Abs(got-want) > 1e-6 {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAFitIsReadBackForItsModelsAlone(t *testing.T) {
	dir := t.TempDir()
	fusion := &Fusion{Members: []string{"base", "stage-1"}, Images: Weigher{Bias: []float64{1, 2}}, Texts: Weigher{Bias: []float64{1, 2}}}
	if _, err := OpenIntegration(dir, Weighted); err == nil || !strings.Contains(err.Error(), "mclclip integrate --run") {
		t.Errorf("not fitted yet: got error %v", err)
	}
	path, err := (&Fitted{Version: 1, Rule: Weighted, Fusions: []*Fusion{fusion}}).Save(dir)
	if err != nil || path != filepath.Join(dir, "integration-weighted.json") {
		t.Fatal(path, err)
	}
	i, err := OpenIntegration(dir, Weighted)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Of("base", "stage-1"); err != nil {
		t.Error(err)
	}
	if _, err := i.Of("base", "stage-1", "stage-2"); err == nil || !strings.Contains(err.Error(), "was not fitted to base, stage-1, stage-2") {
		t.Errorf("other models: got error %v", err)
	}
	fusion.Images.Bias = []float64{1}
	raw, _ := json.Marshal(&Fitted{Version: 1, Rule: Weighted, Fusions: []*Fusion{fusion}})
	if err := os.WriteFile(path, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenIntegration(dir, Weighted); err == nil || !strings.Contains(err.Error(), "numbers of weights and models differ") {
		t.Errorf("a damaged fit: got error %v", err)
	}
}

func TestRulesWithoutNumbers(t *testing.T) {
	parts := [][]float32{{1, 0}, {0, 2}}
	for name, want := range map[string][]float32{"none": {0, 2}, "concat": {1, 0, 0, 2}, "sum": {1, 2}, "concat-normalized": {1, 0, 0, 1}} {
		i, err := OpenIntegration("", name)
		if err != nil {
			t.Fatal(err)
		}
		rule, err := i.Of("base", "stage-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range [][]float32{rule.Image(parts), rule.Text(parts)} {
			if len(got) != len(want) || product(got, want) != product(want, want) {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
		}
	}
	for _, name := range []string{"", "mean"} {
		if _, err := OpenIntegration("", name); err == nil || !strings.Contains(err.Error(), "want concat") {
			t.Errorf("%q: got error %v", name, err)
		}
	}
	if _, err := OpenIntegration("", Weighted); err == nil {
		t.Error("weights without a run")
	}
}

func TestUnfitPairsAreRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	hidden := codes(r, 20, 3)
	one := expert(r, "base", hidden, func(int) float64 { return 1 })
	two := expert(r, "stage-1", hidden, func(int) float64 { return 1 })
	short, broken := two, expert(r, "stage-1", hidden, func(int) float64 { return 1 })
	short.Texts = short.Texts[1:]
	broken.Texts[3][1] = float32(math.NaN())
	for want, members := range map[string][]PairFeatures{
		"one model only":         {one},
		"20 images and 19 texts": {one, short},
		"feature of pair 3":      {one, broken},
		"too few":                {{Name: "a", Images: one.Images[:5], Texts: one.Texts[:5]}, {Name: "b", Images: two.Images[:5], Texts: two.Texts[:5]}},
	} {
		if _, err := FitFusion(Weighted, members); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}
