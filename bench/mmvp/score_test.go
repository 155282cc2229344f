package mmvp

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// shape is a benchmark without files: pairs[i] pairs of pattern i.
func shape(pairs ...int) *Dataset {
	d := &Dataset{}
	for i, n := range pairs {
		for range 2 * n {
			id := len(d.Questions) + 1
			d.Questions = append(d.Questions, Question{ID: id, Pattern: fmt.Sprintf("P%d", i), Statement: fmt.Sprintf("s%d", id)})
		}
	}
	d.Patterns = patternsOf(d.Questions)
	return d
}

// A pair of plane features in degrees: the images at i1 and i2, the statements at t1 and t2.
type angles struct{ i1, i2, t1, t2 float64 }

func at(degrees float64) []float32 {
	s, c := math.Sincos(degrees * math.Pi / 180)
	return []float32{float32(3 * c), float32(3 * s)} // not of unit length
}

func features(pairs ...angles) (images, texts [][]float32) {
	for _, p := range pairs {
		images = append(images, at(p.i1), at(p.i2))
		texts = append(texts, at(p.t1), at(p.t2))
	}
	return images, texts
}

func TestAPairCountsIfBothStatementsAreRight(t *testing.T) {
	for _, c := range []struct {
		name   string
		pair   angles
		chosen []int
		right  int
		ties   int
	}{
		{"each statement at its image", angles{0, 90, 10, 80}, []int{1, 2}, 1, 0},
		{"exchanged", angles{0, 90, 80, 10}, []int{2, 1}, 0, 0},
		{"image 1 twice", angles{0, 90, 10, 20}, []int{1, 1}, 0, 0},
		{"image 2 twice", angles{0, 90, 80, 70}, []int{2, 2}, 0, 0},
		{"a tie chooses image 2: wrong for the odd id", angles{30, 30, 0, 90}, []int{2, 2}, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			images, texts := features(c.pair)
			r, err := Score(shape(1), images, texts)
			if err != nil {
				t.Fatal(err)
			}
			chosen := []int{r.Answers[0].Chosen, r.Answers[1].Chosen}
			if !slices.Equal(chosen, c.chosen) || r.Pairs.Right != c.right || r.PairRight[0] != (c.right == 1) || r.Ties != c.ties {
				t.Errorf("chose %v, %d right, %d ties; want %v, %d, %d", chosen, r.Pairs.Right, r.Ties, c.chosen, c.right, c.ties)
			}
		})
	}
}

// At 60 and 90 degrees the cosines are 1/2 and 0, so the logits are 50 and 0.
func TestLogitsAreAHundredCosines(t *testing.T) {
	images, texts := features(angles{60, 90, 0, 0})
	r, err := Score(shape(1), images, texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{50, -50} { // the second statement's truth is image 2
		a := r.Answers[i]
		if math.Abs(a.Logits[0]-50) > 1e-5 || math.Abs(a.Logits[1]) > 1e-5 || math.Abs(a.Margin-want) > 1e-5 {
			t.Errorf("got %+v, want logits 50 and 0, margin %v", a, want)
		}
	}
	// A gap of 0.7 logits is odds of e^0.7.
	gap := math.Acos(0.5-0.007) * 180 / math.Pi
	images, texts = features(angles{60, gap, 0, 0})
	if r, err = Score(shape(1), images, texts); err != nil {
		t.Fatal(err)
	}
	if got, want := r.Answers[0].P, math.Exp(0.7)/(1+math.Exp(0.7)); math.Abs(got-want) > 1e-5 {
		t.Errorf("got p %v, want %v", got, want)
	}
}

func TestAverages(t *testing.T) {
	right, wrong := angles{0, 90, 10, 80}, angles{0, 90, 80, 10}
	images, texts := features(right, right, right, right, wrong, wrong) // P0: 3 of 3; P1: 1 of 3
	r, err := Score(shape(3, 3), images, texts)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.Average-400.0/6) > 1e-9 || math.Abs(r.PatternMean-r.Average) > 1e-9 {
		t.Errorf("patterns of one size: got %v over pairs, %v over patterns; want 66.7 for both", r.Average, r.PatternMean)
	}
	if r, err = Score(shape(5, 1), images, texts); err != nil { // 4 of 5; 0 of 1
		t.Fatal(err)
	}
	if math.Abs(r.Average-400.0/6) > 1e-9 || math.Abs(r.PatternMean-40) > 1e-9 {
		t.Errorf("got %v over pairs, %v over patterns; want 66.7 and 40", r.Average, r.PatternMean)
	}
	if r.Patterns[0] != (Tally{4, 5}) || r.Patterns[1] != (Tally{0, 1}) || r.Statements != (Tally{8, 12}) {
		t.Errorf("got %v and %v", r.Patterns, r.Statements)
	}
}

func TestScoreRefusesUnfitFeatures(t *testing.T) {
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		spoil func(images, texts [][]float32) ([][]float32, [][]float32)
		want  string
	}{
		"one too few":   {func(i, t [][]float32) ([][]float32, [][]float32) { return i[1:], t }, "3 images and 4 statements for 4 questions"},
		"another width": {func(i, t [][]float32) ([][]float32, [][]float32) { t[2] = []float32{1}; return i, t }, "question 3: statement: the feature has 1 dimensions"},
		"NaN":           {func(i, t [][]float32) ([][]float32, [][]float32) { i[1][0] = nan; return i, t }, "question 2: image: the feature is zero or not finite"},
		"zero":          {func(i, t [][]float32) ([][]float32, [][]float32) { t[3] = []float32{0, 0}; return i, t }, "question 4: statement: the feature is zero"},
		"empty":         {func(i, t [][]float32) ([][]float32, [][]float32) { return make([][]float32, 4), make([][]float32, 4) }, "question 1: image: the feature is zero"},
	} {
		t.Run(name, func(t *testing.T) {
			images, texts := c.spoil(features(angles{0, 90, 10, 80}, angles{0, 90, 10, 80}))
			if _, err := Score(shape(2), images, texts); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}
