package mcl

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// cosine of two vectors.
func cosine(a, b []float32) float64 {
	dot := 0.0
	for i, v := range a {
		dot += float64(v) * float64(b[i])
	}
	return dot / math.Sqrt(squaredLength(a)*squaredLength(b))
}

// What each rule makes of two stages, and what the cosine of its features is by the stages' own.
func TestRulesOfIntegration(t *testing.T) {
	images, texts := [][]float32{{3, 4}, {0, 10}}, [][]float32{{1, 0}, {1, 1}}
	own := []float64{cosine(images[0], texts[0]), cosine(images[1], texts[1])}
	want := map[string]struct {
		image  []float32
		cosine float64
	}{
		"concat":            {[]float32{3, 4, 0, 10}, (3 + 10) / math.Sqrt(125*3)},
		"concat-normalized": {[]float32{0.6, 0.8, 0, 1}, (own[0] + own[1]) / 2},
		"sum":               {[]float32{3, 14}, (3*2 + 14) / math.Sqrt(205*5)},
	}
	if len(want) != len(RuleNames) {
		t.Fatalf("rules are %v", RuleNames)
	}
	for _, name := range RuleNames {
		rule, err := Rule(name)
		if err != nil {
			t.Fatal(err)
		}
		image := rule(images)
		if !slices.Equal(image, want[name].image) {
			t.Errorf("%s: %v, want %v", name, image, want[name].image)
		}
		if got := cosine(image, rule(texts)); math.Abs(got-want[name].cosine) > 1e-6 {
			t.Errorf("%s: cosine %v, want %v", name, got, want[name].cosine)
		}
	}
	if images[0][0] != 3 || images[1][1] != 10 {
		t.Errorf("a rule changed its parts: %v", images)
	}
	if _, err := Rule("mean"); err == nil || !strings.Contains(err.Error(), "concat-normalized") {
		t.Errorf("an unknown rule: %v", err)
	}
}
