package zeroshot

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/bench/paired"
	"github.com/mclclip/mclclip/internal/golden"
)

// reference is made by testdata/reference/bench_golden.py with open_clip's build_zero_shot_classifier.
type reference struct {
	prompts         [][][]float32 // [C, T, D]
	weights, images [][]float32
	labels          []int
	predicted       []int
	figures         []float64 // top-1, top-5, mean recall, as fractions
	texts           string
}

func read(t *testing.T) reference {
	t.Helper()
	file := golden.Open(t, "testdata/zeroshot.safetensors")
	return reference{
		prompts: slices.Collect(slices.Chunk(file.Rows("texts"), len(Templates["simple"]))),
		weights: file.Rows("weights"), images: file.Rows("images"), labels: file.Ints("labels"),
		predicted: file.Ints("predicted"), figures: file.Flat("figures"), texts: file.Text("prompts"),
	}
}

// figures of the metrics, as fractions.
func figures(metrics []paired.Metric) (values []float64) {
	for _, m := range metrics {
		values = append(values, m.Value/100)
	}
	return values
}

func differ(a, b []float64) bool {
	if len(a) != len(b) {
		return true
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-12 {
			return true
		}
	}
	return false
}

func TestFiguresAreThoseOfOpenClip(t *testing.T) {
	ref := read(t)
	weights, err := Classifier(ref.prompts)
	if err != nil {
		t.Fatal(err)
	}
	for c := range weights {
		for j, x := range weights[c] {
			if math.Abs(float64(x-ref.weights[c][j])) > 1e-6 {
				t.Fatalf("weight %d of class %d is %v, want %v", j, c, x, ref.weights[c][j])
			}
		}
	}
	r, err := Score(ref.images, weights, ref.labels)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Predicted, ref.predicted) {
		t.Errorf("predicted classes differ: %v, want %v", r.Predicted, ref.predicted)
	}
	if got := figures(r.Metrics()); differ(got, ref.figures) {
		t.Errorf("top-1, top-5, mean recall: got %v, want %v", got, ref.figures)
	}
}

// What must not give the same figures: prompts averaged before they are scaled to length 1.
func TestAnotherAverageIsSeen(t *testing.T) {
	ref := read(t)
	var raw [][]float32
	for _, texts := range ref.prompts {
		sum := make([]float32, len(texts[0]))
		for _, text := range texts {
			for j, x := range text {
				sum[j] += x
			}
		}
		raw = append(raw, sum)
	}
	r, err := Score(ref.images, raw, ref.labels)
	if err != nil {
		t.Fatal(err)
	}
	if got := figures(r.Metrics()); !differ(got, ref.figures) {
		t.Error("the mean of raw features gives the same figures")
	}
}

func TestPromptsAreThoseOfOpenClip(t *testing.T) {
	var classes, got []string
	for c := range 12 {
		classes = append(classes, fmt.Sprintf("class %d", c))
	}
	for _, prompts := range Prompts(classes, Templates["simple"]) {
		got = append(got, prompts...)
	}
	if strings.Join(got, "\n") != read(t).texts {
		t.Errorf("got prompts %q", got)
	}
}

func TestTemplatesOfAFile(t *testing.T) {
	got, err := ReadTemplates(strings.NewReader("\ufeffa photo of {}.\r\n\n  a {c} again\n"))
	if err != nil || !slices.Equal(got, []string{"a photo of {}.", "a {} again"}) {
		t.Errorf("got %q, %v", got, err)
	}
	for text, want := range map[string]string{"a photo of a dog\n": "has no {}", "\n\n": "has no lines"} {
		if _, err := ReadTemplates(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want %q", text, err, want)
		}
	}
}

func TestUnfitFeaturesAreRefused(t *testing.T) {
	nan := float32(math.NaN())
	two := [][]float32{{1, 0}, {0, 1}}
	for name, c := range map[string]struct {
		images, weights [][]float32
		labels          []int
		want            string
	}{
		"NaN":           {[][]float32{{1, 0}, {nan, 0}}, two, []int{0, 1}, "image 1: the feature is zero or not finite"},
		"widths":        {[][]float32{{1, 0, 0}}, two, []int{0}, "not of one model"},
		"ragged":        {[][]float32{{1, 0}, {1}}, two, []int{0, 1}, "image 1: the feature has 1 dimensions"},
		"no labels":     {two, two, []int{0}, "1 labels for 2 features"},
		"unknown class": {two, two, []int{0, 2}, "feature 1 has label 2"},
		"one class":     {two, two[:1], []int{0, 0}, "a single class"},
		"nothing":       {nil, two, nil, "no image features"},
	} {
		if _, err := Score(c.images, c.weights, c.labels); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", name, err, c.want)
		}
	}
	if _, err := Classifier([][][]float32{{{1, 0}}, {{1, 0, 0}}}); err == nil || !strings.Contains(err.Error(), "class 1") {
		t.Errorf("prompts of two widths: got error %v", err)
	}
}

func TestTop5NeedsMoreThanFiveClasses(t *testing.T) {
	r, err := Score([][]float32{{1, 0}}, [][]float32{{1, 0}, {0, 1}}, []int{0})
	if err != nil || r.Top5 != nil || len(r.Metrics()) != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
}
