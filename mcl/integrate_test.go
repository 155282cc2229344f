package mcl

import (
	"math"
	"math/rand/v2"
	"testing"
)

func product(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// With one text feature in all stages the sum of the image features carries the cosine of the concatenations.
func TestTheSumHasTheCosineOfTheConcatenation(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	vector := func(size float64) []float32 {
		v := make([]float32, 24)
		for i := range v {
			v[i] = float32(size * r.NormFloat64())
		}
		return v
	}
	for range 20 {
		text := vector(1)
		a, b, c := vector(1), vector(3), vector(0.2) // stages with features of unlike length
		image, caption := Concat(a, b, c), Concat(text, text, text)
		if length := math.Sqrt(product(image, image)); math.Abs(length-1) > 1e-6 {
			t.Fatalf("the concatenation has length %v", length)
		}
		want, got := product(image, caption), product(Sum(a, b, c), Concat(text))
		if math.Abs(got-want) > 1e-6 {
			t.Fatalf("the sum gives %v, the concatenation %v", got, want)
		}
	}
}

func TestTheSumDoesNotReplaceTheConcatenationForUnlikeTexts(t *testing.T) {
	image := [][]float32{{1, 0}, {0, 1}}
	texts := [][]float32{{1, 0}, {0, -1}}
	want, got := product(Concat(image...), Concat(texts...)), product(Sum(image...), Concat(texts[0]))
	if math.Abs(got-want) < 0.1 {
		t.Errorf("sum %v and concatenation %v agree where they must not", got, want)
	}
}
