package trial

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText prints a row for each setting and metric: mean of each column over the seeds and its standard deviation, then the verdicts.
func (t *Trial) WriteText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%%\t\t%s\n", strings.Join(t.Columns, "\t"))
	for _, setting := range t.Settings {
		for _, metric := range t.Metrics {
			fmt.Fprintf(table, "%s\t%s", setting, metric)
			for _, column := range t.Columns {
				fmt.Fprintf(table, "\t%s", cell(t.Percents(setting, column, metric)))
			}
			fmt.Fprintln(table)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	table = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\t\t\tgain\tp over seeds\titems gained, lost\tp over items")
	for _, v := range t.Verdicts() {
		gain, p := fmt.Sprintf("%+.1f", v.Gain), "-"
		if len(t.Percents(v.Setting, v.To, v.Metric)) > 1 { // one run has no spread
			gain, p = fmt.Sprintf("%s +- %.1f", gain, v.Spread), fmt.Sprintf("%.2g", v.PSeeds)
		}
		fmt.Fprintf(table, "%s\t%s\t%s to %s\t%s\t%s\t%d, %d\t%.2g\n", v.Setting, v.Metric, v.From, v.To, gain, p, v.Gained, v.Lost, v.PItems)
	}
	return table.Flush()
}

func cell(values []float64) string {
	switch len(values) {
	case 0:
		return "-"
	case 1:
		return fmt.Sprintf("%.1f", values[0])
	}
	return fmt.Sprintf("%.1f +- %.1f", Mean(values), Deviation(values))
}

// WriteJSON writes everything, with the verdicts.
func (t *Trial) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(struct {
		*Trial
		Verdicts []Verdict `json:"verdicts"`
	}{t, t.Verdicts()})
}
