package main

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mclclip/mclclip/bench/paired/chart"
	"github.com/mclclip/mclclip/bench/paired/trial"
)

// ablateFigure has a panel for each axis: the mean over all other settings, all seeds and both features, and its spread.
func ablateFigure(t *trial.Trial, axes []axis) *chart.Figure {
	fig := &chart.Figure{Title: "pairs right by setting, mean over the others"}
	for _, a := range axes {
		panel := chart.Panel{Title: a.key, Places: a.values}
		for _, column := range []string{"base", "control", "integrated"} {
			line := chart.Line{Name: column}
			for _, value := range a.values {
				var all []float64
				for _, score := range t.Scores {
					if score.Column == column && slices.Contains(strings.Fields(score.Setting), a.key+"="+value) {
						all = append(all, score.Percent())
					}
				}
				trial.AddPlace(&line, all)
			}
			panel.Lines = append(panel.Lines, line)
		}
		fig.Panels = append(fig.Panels, panel)
	}
	return fig
}

// gainFigure shows what decides a gain, if it is the pressure of the easy feature: the integrated embedding less the control, in points and
// over both features, against the pairs of a block for each code that its label leaves open. Below one pair a code nearly every pair of a
// block has a code of its own, and the code tells them all apart.
func (f *benchAblate) gainFigure(t *trial.Trial, axes []axis) *chart.Figure {
	type point struct {
		groups   string
		pressure float64
	}
	gains, groups, pressures := map[point][]float64{}, []string{}, []float64{}
	for _, choice := range combinations(axes) {
		p := point{settingOf(choice, "groups"), f.pressure(choice)}
		gains[p] = append(gains[p], gainBySeed(t, settingName(axes, choice))...)
		if !slices.Contains(groups, p.groups) {
			groups = append(groups, p.groups)
		}
		if !slices.Contains(pressures, p.pressure) {
			pressures = append(pressures, p.pressure)
		}
	}
	slices.Sort(pressures)
	panel, most := chart.Panel{Title: "control to integrated, points"}, 5.0
	fig := &chart.Figure{Title: "gain", XLabel: "pairs of a block for each code left in a label"}
	for _, p := range pressures {
		place := strconv.FormatFloat(max(p, 1/p), 'g', 3, 64)
		if p < 1 {
			place = "1/" + place
		}
		fig.Places = append(fig.Places, place)
	}
	for _, g := range groups {
		line := chart.Line{Name: "G = " + g}
		for _, p := range pressures {
			all := gains[point{g, p}]
			most = max(most, math.Abs(trial.Mean(all))+trial.Deviation(all))
			trial.AddPlace(&line, all)
		}
		panel.Lines = append(panel.Lines, line)
	}
	panel.High = 5 * math.Ceil(most/5)
	panel.Low = -panel.High
	fig.Panels = []chart.Panel{panel}
	return fig
}

// pressure is the pairs of a block over the codes that a label of the last stage leaves open, at least one: (b/G) / max(1, 2^bits / K^N).
func (f *benchAblate) pressure(choice map[string]string) float64 {
	number := func(key string) float64 {
		v, _ := strconv.ParseFloat(settingOf(choice, key), 64) // check has read it
		return v
	}
	labels := math.Pow(number("clusters"), number("stages"))
	if settingOf(choice, "cluster-on") == "both" { // K x K a stage
		labels *= labels
	}
	left := math.Exp2(float64(f.bits)) / labels
	return number("batch-size") / number("groups") / max(1, left)
}

// gainBySeed lists the integrated embedding less the control, in points over all metrics, by seed.
func gainBySeed(t *trial.Trial, setting string) (gains []float64) {
	right, of := map[int]float64{}, map[int]float64{}
	for _, s := range t.Scores {
		switch {
		case s.Setting != setting:
		case s.Column == "integrated":
			right[s.Seed] += float64(s.Right)
			of[s.Seed] += float64(s.Of)
		case s.Column == "control":
			right[s.Seed] -= float64(s.Right)
		}
	}
	for seed := range len(of) {
		gains = append(gains, 100*right[seed]/of[seed])
	}
	return gains
}
