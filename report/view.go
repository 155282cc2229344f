package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"

	"github.com/mclclip/mclclip/train/metrics"
)

// view is what the template shows; everything is counted and formatted before.
type view struct {
	Title, Made         string
	Style               template.CSS
	ChartScript, Script template.JS
	Warnings            []Warning
	Scores              *scoresView
	Models              []modelView
	Charts              []curves
	HeldOut             []heldOutView
	Quality             []qualityView
	Clusterings         []clusteringView
	Settings            []Setting
}

// modelView is a model's training in numbers.
type modelView struct{ Name, Steps, First, Last, Speed, Waiting string }

type heldOutView struct{ Model, Images, Texts string }

// qualityView is a model's figures on the sample; the last three are empty but for stages.
type qualityView struct{ Model, Alignment, Images, Texts, Recall, Loss, BaseLoss, New string }

type clusteringView struct {
	Of, Pairs, Balance, Largest string
	Seeds                       string
	Bars                        []barView
	Rest                        string
	Samples                     []sampleView
	Before                      *agreementView
}

// barView is a cluster's size; Share is in per cent of the largest.
type barView struct {
	Cluster int
	Size    string
	Share   float64
}

type sampleView struct {
	Cluster  int
	Pictures []template.URL
}

type agreementView struct {
	With, NMI, ARI string
	Rows           [][]cellView // none where there are too many clusters
}

type cellView struct {
	Title string
	Share float64 // of the row's pairs, 0 to 1
}

const (
	mostBars  = 32 // clusters whose sizes are drawn
	mostCells = 40 // clusters up to which the table of two stages is drawn
)

func (r *Report) view() view {
	models := split(r.Steps)
	v := view{Title: r.Title, Made: r.Made, Warnings: r.Warnings, Settings: r.Settings, Scores: r.viewScores()}
	for _, steps := range models {
		v.Models = append(v.Models, viewModel(steps))
	}
	if len(models) > 0 {
		v.Charts = chartsOf(models)
	}
	for _, h := range r.HeldOut {
		v.HeldOut = append(v.HeldOut, heldOutView{h.Model, percent(h.Images), percent(h.Texts)})
	}
	for _, q := range r.Quality {
		v.Quality = append(v.Quality, viewQuality(q))
	}
	for i, c := range r.Stages {
		shown := viewClustering(c)
		if c.Before != nil && i > 0 {
			shown.Before = viewAgreement(r.Stages[i-1].Of, *c.Before)
		}
		v.Clusterings = append(v.Clusterings, shown)
	}
	return v
}

// viewModel gives the mean loss of the first and the last tenth of a model's steps.
func viewModel(steps []metrics.Record) modelView {
	tenth := (len(steps) + 9) / 10
	loss := func(r metrics.Record) float64 { return r.Loss }
	last := steps[len(steps)-1]
	seconds, waited := 0.0, 0.0
	for _, r := range steps {
		seconds, waited = seconds+r.BatchSeconds, waited+r.DataSeconds
	}
	v := modelView{
		Name: last.Phase, Steps: fmt.Sprintf("%d of %d", last.Step, last.Steps),
		First: number(mean(steps[:tenth], loss)), Last: number(mean(steps[len(steps)-tenth:], loss)),
	}
	v.Speed = number(mean(steps, func(r metrics.Record) float64 { return r.PairsPerSecond }))
	v.Waiting = fmt.Sprintf("%.0f %%", 100*waited/math.Max(seconds, 1e-9))
	return v
}

func viewQuality(q Quality) qualityView {
	return qualityView{
		Model: q.Model, Alignment: fixed(q.Alignment), Images: fixed(q.Images), Texts: fixed(q.Texts), Recall: percent(q.Recall),
		Loss: fixed(q.Loss), BaseLoss: fixed(q.BaseLoss), New: percent(q.IsNew),
	}
}

// fixed has three digits; what is not a number is a dash.
func fixed(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}

func percent(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return strconv.FormatFloat(100*x, 'f', 1, 64) + "\u00a0%"
}

func number(x float64) string {
	if math.IsNaN(x) {
		return "not finite"
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

func viewClustering(c Clustering) clusteringView {
	order := make([]int, len(c.Sizes))
	total := int64(0)
	for i, n := range c.Sizes {
		order[i] = i
		total += n
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.Sizes[b], c.Sizes[a]) })
	v := clusteringView{Of: c.Of, Pairs: fmt.Sprint(total), Balance: fmt.Sprintf("%.3f", c.Balance)}
	if c.Seeds != nil {
		v.Seeds = fixed(*c.Seeds)
	}
	if total == 0 {
		return v
	}
	largest := c.Sizes[order[0]]
	v.Largest = fmt.Sprintf("%.1f\u00a0%%", 100*float64(largest)/float64(total))
	for _, i := range order[:min(mostBars, len(order))] {
		v.Bars = append(v.Bars, barView{i, fmt.Sprint(c.Sizes[i]), 100 * float64(c.Sizes[i]) / float64(largest)})
	}
	if rest := len(order) - mostBars; rest > 0 {
		v.Rest = fmt.Sprintf("%d smaller clusters are not drawn.", rest)
	}
	for _, s := range c.Samples {
		if pictures := picturesOf(s.Images); len(pictures) > 0 {
			v.Samples = append(v.Samples, sampleView{s.Cluster, pictures})
		}
	}
	return v
}

func picturesOf(images [][]byte) (pictures []template.URL) {
	for _, encoded := range images {
		if p := picture(encoded); p != "" {
			pictures = append(pictures, p)
		}
	}
	return pictures
}

// viewAgreement orders the new clusters by the old one that most of their pairs come from, so that equal clusterings are
// a diagonal.
func viewAgreement(with string, a Agreement) *agreementView {
	v := &agreementView{With: with, NMI: fmt.Sprintf("%.3f", a.NMI), ARI: fmt.Sprintf("%.3f", a.ARI)}
	if len(a.Cells) == 0 || len(a.Cells) > mostCells {
		return v
	}
	order := make([]int, len(a.Cells[0]))
	source := make([]int, len(order))
	for j := range order {
		order[j] = j
		for i := range a.Cells {
			if a.Cells[i][j] > a.Cells[source[j]][j] {
				source[j] = i
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(source[a], source[b]) })
	for i, row := range a.Cells {
		total := int64(0)
		for _, n := range row {
			total += n
		}
		var cells []cellView
		for _, j := range order {
			share := float64(row[j]) / math.Max(float64(total), 1)
			cells = append(cells, cellView{fmt.Sprintf("%d → %d: %d pairs", i, j, row[j]), math.Round(100*share) / 100})
		}
		v.Rows = append(v.Rows, cells)
	}
	return v
}
