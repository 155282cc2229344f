package trial

import (
	"math"

	"github.com/mclclip/mclclip/bench/paired/chart"
)

// Figure shows each metric in a panel and each column as a line over the settings.
func (t *Trial) Figure(xLabel string) *chart.Figure {
	f := &chart.Figure{Title: t.Title, XLabel: xLabel, Places: t.Settings}
	for _, metric := range t.Metrics {
		panel := chart.Panel{Title: metric}
		for _, column := range t.Columns {
			line := chart.Line{Name: column}
			for _, setting := range t.Settings {
				AddPlace(&line, t.Percents(setting, column, metric))
			}
			panel.Lines = append(panel.Lines, line)
		}
		f.Panels = append(f.Panels, panel)
	}
	return f
}

// AddPlace gives a line its next place: the mean of the values and their standard deviation, NaN where there are none.
func AddPlace(line *chart.Line, values []float64) {
	mean := math.NaN()
	if len(values) > 0 {
		mean = Mean(values)
	}
	line.Mean, line.Spread = append(line.Mean, mean), append(line.Spread, Deviation(values))
}
