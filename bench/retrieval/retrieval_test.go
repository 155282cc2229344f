package retrieval

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/golden"
)

// recalls returns R@1, R@5, R@10 of both sides as fractions.
func recalls(r Result) (imageToText, textToImage []float64) {
	for _, m := range r.Metrics() {
		switch {
		case m.Right == nil:
		case strings.HasPrefix(m.Name, "image"):
			imageToText = append(imageToText, m.Value/100)
		default:
			textToImage = append(textToImage, m.Value/100)
		}
	}
	return imageToText, textToImage
}

func near(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) < 1e-6 }) // the golden's means are float32
}

func TestRecallsAreThoseOfCLIPBenchmark(t *testing.T) {
	file := golden.Open(t, "testdata/retrieval.safetensors")
	images, texts, of := file.Rows("images"), file.Rows("texts"), file.Ints("of")
	r, err := Score(images, texts, of)
	if err != nil {
		t.Fatal(err)
	}
	imageToText, textToImage := recalls(r)
	if want := file.Flat("image_to_text"); !near(imageToText, want) {
		t.Errorf("image to text: got %v, want %v", imageToText, want)
	}
	if want := file.Flat("text_to_image"); !near(textToImage, want) {
		t.Errorf("text to image: got %v, want %v", textToImage, want)
	}
	// With the inner product in place of the cosine the captions' lengths would count: the figures must tell.
	for i := range images {
		images[i] = append(slices.Clone(images[i]), float32(i))
	}
	for j := range texts {
		texts[j] = append(slices.Clone(texts[j]), 1)
	}
	if r, err = Score(images, texts, of); err != nil {
		t.Fatal(err)
	}
	if got, _ := recalls(r); near(got, file.Flat("image_to_text")) {
		t.Error("other features give the same recalls")
	}
}

// Four images at right angles, captions of 0, 0, 1, 2, 3; caption 1 lies at image 3.
func TestRanksByHand(t *testing.T) {
	images := [][]float32{{1, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}
	texts := [][]float32{{5, 1, 0, 0}, {0, 0, 0, 1}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 1, 0, 1}}
	r, err := Score(images, texts, []int{0, 0, 1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	// Caption 4 is as near to image 1 as to its own image 3: the first in order counts as nearer. So does caption 1 for image 3.
	if want := []int{0, 0, 0, 1}; !slices.Equal(r.ImageToText, want) {
		t.Errorf("image to text: got ranks %v, want %v", r.ImageToText, want)
	}
	if want := []int{0, 1, 0, 0, 1}; !slices.Equal(r.TextToImage, want) { // caption 1: image 3 before 0
		t.Errorf("text to image: got ranks %v, want %v", r.TextToImage, want)
	}
	if got := median([]int{0, 1, 0, 0, 1}); got != 1 {
		t.Errorf("median rank %v, want 1", got)
	}
	if got := mean([]int{0, 1, 0, 0, 1}); got != 1.4 {
		t.Errorf("mean rank %v, want 1.4", got)
	}
}

// All features alike: nothing is found but what comes first.
func TestCollapsedFeaturesFindNothing(t *testing.T) {
	var rows [][]float32
	var of []int
	for i := range 100 {
		rows, of = append(rows, []float32{1, 2}), append(of, i)
	}
	r, err := Score(rows, rows, of)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := recalls(r); !near(got, []float64{0.01, 0.05, 0.1}) {
		t.Errorf("got %v", got)
	}
}

func TestTheResultDoesNotDependOnTheProcessors(t *testing.T) {
	file := golden.Open(t, "testdata/retrieval.safetensors")
	score := func(processors int) Result {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		r, err := Score(file.Rows("images"), file.Rows("texts"), file.Ints("of"))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	one, many := score(1), score(7)
	if !slices.Equal(one.ImageToText, many.ImageToText) || !slices.Equal(one.TextToImage, many.TextToImage) {
		t.Error("one processor and seven give other ranks")
	}
}

// Pictures that stand twice in the data have features that differ in the last bit, one way or the other.
func TestTheLastBitDecidesNothing(t *testing.T) {
	score := func(nudge float32) Result {
		images := [][]float32{{1, 0.5, 0}, {1, 0.5, nudge}, {0, 0.1, 1}}
		texts := [][]float32{{0.9, 0.6, 0.1}, {0.9, 0.6, 0.1 - nudge}, {0, 0, 1}}
		r, err := Score(images, texts, []int{0, 1, 2})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	same := score(0)
	for _, nudge := range []float32{1e-7, -1e-7} {
		if r := score(nudge); !slices.Equal(r.ImageToText, same.ImageToText) || !slices.Equal(r.TextToImage, same.TextToImage) {
			t.Errorf("nudged by %g: ranks %v and %v, want %v and %v", nudge, r.ImageToText, r.TextToImage, same.ImageToText, same.TextToImage)
		}
	}
	if r := score(0.1); slices.Equal(r.TextToImage, same.TextToImage) {
		t.Errorf("features that differ have the ranks of equal ones: %v", r.TextToImage)
	}
}

func TestUnfitDataAreRefused(t *testing.T) {
	two := [][]float32{{1, 0}, {0, 1}}
	for name, c := range map[string]struct {
		images, texts [][]float32
		of            []int
		want          string
	}{
		"NaN":            {two, [][]float32{{1, 0}, {0, float32(math.NaN())}}, []int{0, 1}, "caption 1: the feature is zero or not finite"},
		"widths":         {two, [][]float32{{1, 0, 0}, {1, 0, 0}}, []int{0, 1}, "not of one model"},
		"no caption":     {two, two, []int{1, 1}, "image 0 has no caption"},
		"unknown image":  {two, two, []int{0, 2}, "caption 1 is of image 2, of 2 images"},
		"missing images": {two, two, []int{0}, "2 captions, but the images of 1 are known"},
	} {
		if _, err := Score(c.images, c.texts, c.of); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", name, err, c.want)
		}
	}
}
