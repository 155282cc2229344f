package mmvp

import (
	"errors"
	"fmt"
	"math"

	"github.com/mclclip/mclclip/bench/paired"
)

// logitScale is what the published evaluation multiplies the cosine by; it is CLIP's.
const logitScale = 100

// Guessing is the share of pairs, in per cent, that two independent guesses get right.
const Guessing = 25.0

// Answer is what a model says to one question.
type Answer struct {
	Logits [2]float64 `json:"logits"` // 100 times the cosine of the statement and image 1, image 2
	P      float64    `json:"p"`      // of image 1: the softmax of Logits
	Margin float64    `json:"margin"` // logit of the right image less that of the wrong one
	Chosen int        `json:"chosen"` // image 1 or 2
	Truth  int        `json:"truth"`  // image 1 or 2
	Right  bool       `json:"right"`
	Tie    bool       `json:"tie"` // P is exactly 0.5
}

// Tally counts pairs.
type Tally struct {
	Right int `json:"right"`
	Of    int `json:"of"`
}

// Percent returns the share in per cent, 0 if there are none.
func (t Tally) Percent() float64 {
	if t.Of == 0 {
		return 0
	}
	return 100 * float64(t.Right) / float64(t.Of)
}

func (t *Tally) add(right bool) {
	t.Of++
	if right {
		t.Right++
	}
}

// Result is the score of one model.
type Result struct {
	Pairs       Tally      `json:"pairs"`                // Pairs.Percent() is the average
	Average     float64    `json:"average_percent"`      // over pairs
	Interval    [2]float64 `json:"interval_95_percent"`  // Wilson's, of Average
	PatternMean float64    `json:"pattern_mean_percent"` // the mean of the patterns' shares
	Patterns    []Tally    `json:"patterns"`             // in the order of Dataset.Patterns
	Statements  Tally      `json:"statements"`           // single questions
	Ties        int        `json:"ties"`                 // questions
	PairRight   []bool     `json:"pair_right"`           // by pair
	Answers     []Answer   `json:"answers"`              // by question
}

// Score scores a model by its features of the questions' images and prompts, each [questions][dimensions] in the order of
// d.Questions. The features may be raw: the cosine is taken here, in float64. For several stages integrated, pass the
// concatenation of their raw features.
//
// The rule is the published one: image 1 is chosen if its softmax over the pair's two images is above 0.5, else image 2; an
// odd question id means that image 1 is right; a pair counts if both of its statements are answered right. An exact tie
// therefore chooses image 2, is right for an even id and wrong for an odd one, and never makes a pair count by itself; ties are
// counted in Result.Ties. The average is over pairs, which is the mean over patterns too where, as in the published
// benchmark, every pattern has the same number of them.
//
// Matrix products round differently in another batch size, device or precision, which can turn near-ties: embed in float32
// and with one batch size to get the same answers every time.
func Score(d *Dataset, images, texts [][]float32) (Result, error) {
	if err := checkFeatures(d, images, texts); err != nil {
		return Result{}, err
	}
	place := make(map[string]int, len(d.Patterns))
	for i, pattern := range d.Patterns {
		place[pattern] = i
	}
	r := Result{Patterns: make([]Tally, len(d.Patterns))}
	for pair := range d.Pairs() {
		both := true
		for i := 2 * pair; i < 2*pair+2; i++ {
			a := answer(d.Questions[i].ID, texts[i], images[2*pair], images[2*pair+1])
			both = both && a.Right
			r.Answers = append(r.Answers, a)
			r.Statements.add(a.Right)
			if a.Tie {
				r.Ties++
			}
		}
		r.PairRight = append(r.PairRight, both)
		r.Pairs.add(both)
		r.Patterns[place[d.Questions[2*pair].Pattern]].add(both)
	}
	r.average()
	return r, nil
}

func (r *Result) average() {
	r.Average = r.Pairs.Percent()
	low, high := paired.Wilson(r.Pairs.Right, r.Pairs.Of)
	r.Interval = [2]float64{100 * low, 100 * high}
	for _, tally := range r.Patterns {
		r.PatternMean += tally.Percent() / float64(len(r.Patterns))
	}
}

// answer answers the question with this id: which of the two images does the text describe?
func answer(id int, text, image1, image2 []float32) Answer {
	a := Answer{Chosen: 2, Truth: 2, Logits: [2]float64{logitScale * cosine(text, image1), logitScale * cosine(text, image2)}}
	if id%2 == 1 {
		a.Truth = 1
	}
	a.P = 1 / (1 + math.Exp(a.Logits[1]-a.Logits[0]))
	if a.P > 0.5 {
		a.Chosen = 1
	}
	a.Right, a.Tie = a.Chosen == a.Truth, a.P == 0.5
	a.Margin = a.Logits[a.Truth-1] - a.Logits[2-a.Truth]
	return a
}

func cosine(a, b []float32) float64 {
	return dot(a, b) / (math.Sqrt(dot(a, a)) * math.Sqrt(dot(b, b)))
}

// dot sums in float64 and in order, so that the result is the same on every machine.
func dot(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		product := float64(x) * float64(b[i]) // exact: 24 + 24 bits fit into 53
		sum += product
	}
	return sum
}

// checkFeatures checks that there is one image and one text feature for each question, all of one width, finite and not 0.
func checkFeatures(d *Dataset, images, texts [][]float32) error {
	if len(images) != len(d.Questions) || len(texts) != len(d.Questions) {
		return fmt.Errorf("features of %d images and %d statements for %d questions", len(images), len(texts), len(d.Questions))
	}
	for i, q := range d.Questions {
		if err := checkFeature(images[i], len(images[0])); err != nil {
			return fmt.Errorf("question %d: image: %w", q.ID, err)
		}
		if err := checkFeature(texts[i], len(images[0])); err != nil {
			return fmt.Errorf("question %d: statement: %w", q.ID, err)
		}
	}
	return nil
}

func checkFeature(feature []float32, width int) error {
	if len(feature) != width {
		return fmt.Errorf("the feature has %d dimensions, the first image's has %d", len(feature), width)
	}
	if square := dot(feature, feature); !(square > 0) || math.IsInf(square, 0) {
		return errors.New("the feature is zero or not finite")
	}
	return nil
}
