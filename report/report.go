package report

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/train/metrics"
)

// Report is what a page shows. Empty parts are left out, so that the page of a run at work can be written as well.
type Report struct {
	Title    string
	Made     string // by what, and when
	Settings []Setting
	Steps    []metrics.Record // of all models, in order
	Warnings []Warning
	Scores   *mmvp.Report   // of the benchmark
	Pictures map[int][]byte // encoded images of the benchmark, by index of the question
	HeldOut  []HeldOut      // by model, in the order in which they were made, and integrated
	Quality  []Quality      // by model, in the order in which they were made
	Stages   []Clustering   // by stage, oldest first
}

// Quality is what a finished model makes of a sample of the pairs. Numbers that a run does not have are NaN.
type Quality struct {
	Model                             string
	Alignment, Images, Texts          float64 // alignment; uniformity of images and captions
	Recall                            float64 // share of captions that find their image in the sample
	Loss, BaseLoss, BeforeLoss, IsNew float64 // on the stage's own negatives: its loss, the base's, the best before; the share of the drop that is new
}

// HeldOut is what a model, or several integrated, make of the held-out pairs: shares of captions whose own image is the nearest of all,
// and of images whose own caption is.
type HeldOut struct {
	Model         string
	Images, Texts float64
}

// Setting is one line of the settings.
type Setting struct{ Name, Value string }

// Warning names something that went wrong in a run and what to change.
type Warning struct{ Phase, Text string }

// Clustering is what K-means made of the features of one model.
type Clustering struct {
	Of      string   // model whose features were clustered: "base", "stage-1"
	Sizes   []int64  // pairs of each cluster
	Balance float64  // entropy of Sizes over that of equal sizes
	Seeds   *float64 // agreement with the clusters of another seed, ARI
	Samples []Sample // of the largest clusters
	Before  *Agreement
}

// Sample is a cluster with some of its images.
type Sample struct {
	Cluster int
	Images  [][]byte // encoded
}

// Agreement compares a clustering with that of the stage before.
type Agreement struct {
	NMI, ARI float64
	Cells    [][]int64 // pairs by cluster of the stage before and of this one
}

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

//go:embed uplot/uPlot.iife.min.js
var chartScript string

//go:embed uplot/uPlot.min.css
var chartStyle string

var page = template.Must(template.New("report").Parse(pageSource))

// WriteHTML writes the page.
func (r *Report) WriteHTML(w io.Writer) error {
	v := r.view()
	v.Style = template.CSS(chartStyle + pageStyle)
	v.ChartScript, v.Script = template.JS(chartScript), template.JS(pageScript)
	return page.Execute(w, v)
}
