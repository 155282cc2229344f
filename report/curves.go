package report

import (
	"math"
	"strconv"

	"github.com/mclclip/mclclip/train/metrics"
)

// mostPoints bounds the points of a curve; longer ones are averaged over equal spans of steps.
const mostPoints = 200

// curves are one chart: the course of a quantity in every model.
type curves struct {
	Title  string  `json:"title"`
	Log    bool    `json:"log"` // on a logarithmic scale
	Series []curve `json:"series"`
}

type curve struct {
	Name  string  `json:"name"`
	Steps []int   `json:"steps"`
	Data  []point `json:"data"`
}

// point is a number or, where it is not finite, a gap.
type point float64

// MarshalJSON implements json.Marshaler.
func (p point) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(p)) || math.IsInf(float64(p), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(p), 'g', 6, 64), nil
}

// quantities are what is drawn of each step.
var quantities = []struct {
	title string
	log   bool
	of    func(metrics.Record) float64
}{
	{"Loss", true, func(r metrics.Record) float64 { return r.Loss }},
	{"Gradient norm", true, func(r metrics.Record) float64 { return r.GradNorm }},
	{"Logit scale", false, func(r metrics.Record) float64 { return r.LogitScale }},
	{"Learning rate", false, func(r metrics.Record) float64 { return r.LR }},
}

// split puts the steps of each model together, the models in the order in which they begin.
func split(steps []metrics.Record) (models [][]metrics.Record) {
	place := map[string]int{}
	for _, r := range steps {
		at, ok := place[r.Phase]
		if !ok {
			at = len(models)
			place[r.Phase] = at
			models = append(models, nil)
		}
		models[at] = append(models[at], r)
	}
	return models
}

func chartsOf(models [][]metrics.Record) (charts []curves) {
	for _, q := range quantities {
		c := curves{Title: q.title, Log: q.log}
		for _, steps := range models {
			c.Series = append(c.Series, curveOf(steps, q.of))
		}
		charts = append(charts, c)
	}
	return charts
}

// curveOf averages a quantity over spans of steps; a point stands at the last step of its span.
func curveOf(steps []metrics.Record, of func(metrics.Record) float64) curve {
	c := curve{Name: steps[0].Phase}
	span := (len(steps) + mostPoints - 1) / mostPoints
	for from := 0; from < len(steps); from += span {
		part := steps[from:min(from+span, len(steps))]
		c.Steps = append(c.Steps, part[len(part)-1].Step)
		c.Data = append(c.Data, point(mean(part, of)))
	}
	return c
}

// mean is that of the finite values, NaN where there are none.
func mean(steps []metrics.Record, of func(metrics.Record) float64) float64 {
	sum, n := 0.0, 0
	for _, r := range steps {
		if x := of(r); !math.IsNaN(x) && !math.IsInf(x, 0) {
			sum += x
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
