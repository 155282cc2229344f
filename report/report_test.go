package report

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/train/metrics"
)

// square is an encoded picture of side pixels.
func square(t *testing.T, side int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side {
		img.Set(i, i, color.RGBA{200, 30, 30, 255})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// full is a report with every part.
func full(t *testing.T) *Report {
	t.Helper()
	r := &Report{
		Title:    "a run with a name as long as that of a shard on some disk, /mnt/data/cc12m/cc12m-train-00000-of-02176",
		Settings: []Setting{{"mcl.clusters", "10"}, {"mcl.train.lr", "1e-05"}, {"data", strings.Repeat("9830d2cb", 8)}},
		Warnings: []Warning{{"stage-2", "the stage learned nothing new: <NMI 0.95>"}},
		Pictures: map[int][]byte{0: square(t, 48), 1: square(t, 500)},
	}
	for _, name := range []string{"base", "stage-1", "control-1"} {
		for step := 1; step <= 1000; step++ {
			r.Steps = append(r.Steps, metrics.Record{Phase: name, Step: step, Steps: 1000, Loss: 1 / float64(step), LR: 1e-3, LogitScale: 14, GradNorm: 1, BatchSeconds: 0.5, DataSeconds: 0.1, PairsPerSecond: 640})
		}
	}
	r.Steps[10].Loss = math.NaN()
	r.Scores = &mmvp.Report{Patterns: []string{"Orientation and Direction"}, Questions: []mmvp.Question{
		{ID: 1, Pattern: "Orientation and Direction", Statement: "a dog facing left"}, {ID: 2, Pattern: "Orientation and Direction", Statement: "a dog facing right"},
	}}
	for i, name := range []string{"base", "integrated"} {
		tally := mmvp.Tally{Right: i, Of: 1}
		r.Scores.Columns = append(r.Scores.Columns, mmvp.Column{Name: name, Result: mmvp.Result{
			Pairs: tally, Patterns: []mmvp.Tally{tally}, Average: tally.Percent(), Interval: [2]float64{10, 90}, PairRight: []bool{i == 1},
		}})
	}
	if _, err := r.Scores.Compare("base", "integrated"); err != nil {
		t.Fatal(err)
	}
	nan, seeds := math.NaN(), 0.625
	r.Quality = []Quality{
		{Model: "base", Alignment: 1.25, Images: -2.5, Texts: -2, Recall: 0.5, Loss: nan, BaseLoss: nan, BeforeLoss: nan, IsNew: nan},
		{Model: "stage-1", Alignment: 1, Images: -2.75, Texts: -2, Recall: 0.75, Loss: 0.5, BaseLoss: 2, BeforeLoss: 2, IsNew: 1},
	}
	r.HeldOut = []HeldOut{{"base", 0.125, 0.25}, {"stage-1", 0.375, 0.5}, {"integrated", 0.625, 0.875}}
	r.Stages = []Clustering{
		{Of: "base", Sizes: []int64{5, 20, 0}, Balance: 0.4, Seeds: &seeds, Samples: []Sample{{1, [][]byte{square(t, 32), square(t, 32)}}}},
		{Of: "stage-1", Sizes: []int64{10, 10, 5}, Balance: 0.9, Before: &Agreement{NMI: 0.25, ARI: 0.125, Cells: [][]int64{{5, 0, 0}, {5, 10, 5}, {0, 0, 0}}}},
	}
	return r
}

func write(t *testing.T, r *Report) string {
	t.Helper()
	var out strings.Builder
	if err := r.WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestThePageShowsEveryPart(t *testing.T) {
	html := write(t, full(t))
	for _, want := range []string{
		"the stage learned nothing new: &lt;NMI 0.95&gt;", "1 pair gained, 0 lost", "a dog facing left", "questions 1 and 2",
		"NMI 0.250, ARI 0.125", "the largest cluster holds 80.0\u00a0%", "<dt>mcl.clusters</dt><dd>10</dd>", "1000 of 1000", "data:image/png", "data:image/jpeg",
		`title="1 → 2: 5 pairs"`, "another seed of K-means: ARI 0.625", `data-label="Uniformity, images"><span class="number">-2.750`, `<th scope="row">integrated</th><td data-label="Captions that find their image"><span class="number">62.5`, "100.0\u00a0%",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, fetch := range []string{`src="http`, `href="http`, "@import", "url("} {
		if strings.Contains(html, fetch) {
			t.Errorf("the page fetches something: %s", fetch)
		}
	}
}

func TestAnEmptyRunIsAPageWithoutParts(t *testing.T) {
	html := write(t, &Report{Title: "new"})
	if strings.Contains(html, "<section") || strings.Contains(html, "uPlot") || !strings.Contains(html, "<h1>new</h1>") {
		t.Errorf("the page of a run that has not begun is\n%s", html)
	}
}

// Long runs are averaged over spans of steps; NaN is left out, and is a gap where a span has nothing else.
func TestCurvesAreBounded(t *testing.T) {
	steps := make([]metrics.Record, 10*mostPoints)
	for i := range steps {
		steps[i] = metrics.Record{Phase: "base", Step: i + 1, Loss: float64(i / 10)}
	}
	for i := range 10 {
		steps[20+i].Loss = math.NaN()
	}
	steps[35].Loss = math.Inf(1)
	c := curveOf(steps, func(r metrics.Record) float64 { return r.Loss })
	if len(c.Data) != mostPoints || c.Steps[0] != 10 || c.Steps[mostPoints-1] != len(steps) || c.Data[7] != 7 || c.Data[3] != 3 {
		t.Errorf("%d points, first at step %d, eighth %v, fourth %v", len(c.Data), c.Steps[0], c.Data[7], c.Data[3])
	}
	text, err := json.Marshal(c.Data[:4])
	if err != nil || string(text) != "[0,1,null,3]" {
		t.Errorf("as JSON: %s, %v", text, err)
	}
}

func TestPicturesAreBounded(t *testing.T) {
	if got := picture([]byte("no image")); got != "" {
		t.Errorf("no image became %q", got)
	}
	if got := shrink(image.NewGray(image.Rect(0, 0, 4000, 10))).Bounds(); got.Dx() != pictureSide || got.Dy() != 1 {
		t.Errorf("a panorama became %v", got)
	}
	bomb := square(t, 8)
	copy(bomb[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // says it is 65536 x 65536
	if got := picture(bomb); got != "" {
		t.Error("an image of 4 gigapixels was decoded")
	}
}

// At most mostPairs are shown, from all patterns alike.
func TestShownPairsAreSpread(t *testing.T) {
	r := &Report{Scores: &mmvp.Report{Comparisons: []mmvp.Comparison{{Gained: make([]int, 80), Lost: []int{3, 1000}}}}}
	for i := range 80 {
		r.Scores.Comparisons[0].Gained[i] = i
	}
	if got := r.ShownPairs(); len(got) != mostPairs+2 || got[0] != 0 || got[1] != 3 || got[mostPairs] != 70 {
		t.Errorf("shown are %v", got)
	}
}
