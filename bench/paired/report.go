package paired

import (
	"encoding/json"
	"fmt"
	"io"
)

// Metric is a figure of one model.
type Metric struct {
	Name     string      `json:"name"`
	Value    float64     `json:"value"`                         // in per cent where Right is set, else in Unit
	Unit     string      `json:"unit"`                          // "%" or "" for a plain number
	Interval *[2]float64 `json:"interval_95_percent,omitempty"` // Wilson's, where Right is set
	Count    int         `json:"right,omitempty"`               // items that are right
	Items    int         `json:"items,omitempty"`               // of how many
	Right    []bool      `json:"-"`                             // by item; in the CSV
	Names    []string    `json:"-"`                             // of the items, such as paths and keys; nil where they have none
}

// Share is the metric of items that are right or wrong.
func Share(name string, right []bool) Metric {
	m := Metric{Name: name, Unit: "%", Items: len(right), Right: right}
	for _, ok := range right {
		if ok {
			m.Count++
		}
	}
	m.Value = 100 * float64(m.Count) / float64(max(1, m.Items))
	low, high := Wilson(m.Count, m.Items)
	m.Interval = &[2]float64{100 * low, 100 * high}
	return m
}

// Named gives the items of metrics their names.
func Named(list []Metric, names []string) []Metric {
	for i := range list {
		if len(list[i].Right) == len(names) {
			list[i].Names = names
		}
	}
	return list
}

// Column is one model: the base, one stage, the stages integrated, a control.
type Column struct {
	Name    string   `json:"name"`
	Metrics []Metric `json:"metrics"` // the same names in the same order in every column
}

// Comparison is a paired comparison of two columns in one metric.
type Comparison struct {
	Metric string  `json:"metric"`
	First  string  `json:"first"`
	Second string  `json:"second"`
	Gained int     `json:"gained"`  // items that only Second gets right
	Lost   int     `json:"lost"`    // items that only First gets right
	P      float64 `json:"p_value"` // McNemar's, exact and two-sided
}

// Report is a table of columns over the same items.
type Report struct {
	Title       string            `json:"title"`
	Settings    map[string]string `json:"settings,omitempty"` // what the figures depend on
	Columns     []Column          `json:"columns"`
	Comparisons []Comparison      `json:"comparisons,omitempty"`
	Notes       []string          `json:"notes,omitempty"` // below the table
}

// Add adds a column. A column of other metrics than the first's, of other numbers of items, or of a name that is there is an error.
func (r *Report) Add(c Column) error {
	for _, other := range r.Columns {
		if other.Name == c.Name {
			return fmt.Errorf("report %s: two columns have the name %q", r.Title, c.Name)
		}
		if len(other.Metrics) != len(c.Metrics) {
			return fmt.Errorf("report %s: column %q has %d metrics, %q has %d", r.Title, c.Name, len(c.Metrics), other.Name, len(other.Metrics))
		}
		for i, m := range c.Metrics {
			if o := other.Metrics[i]; o.Name != m.Name || o.Items != m.Items {
				return fmt.Errorf("report %s: column %q has %s of %d items, %q has %s of %d", r.Title, c.Name, m.Name, m.Items, other.Name, o.Name, o.Items)
			}
		}
	}
	r.Columns = append(r.Columns, c)
	return nil
}

// Compare adds a comparison of two columns for each metric of items.
func (r *Report) Compare(first, second string) error {
	a, b := r.column(first), r.column(second)
	if a == nil || b == nil {
		return fmt.Errorf("report %s: compare %q and %q: no such column", r.Title, first, second)
	}
	for i, m := range a.Metrics {
		if m.Right == nil {
			continue
		}
		c := Comparison{Metric: m.Name, First: first, Second: second}
		for item, right := range m.Right {
			switch other := b.Metrics[i].Right[item]; {
			case right && !other:
				c.Lost++
			case other && !right:
				c.Gained++
			}
		}
		c.P = McNemar(c.Lost, c.Gained)
		r.Comparisons = append(r.Comparisons, c)
	}
	return nil
}

func (r *Report) column(name string) *Column {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return &r.Columns[i]
		}
	}
	return nil
}

// WriteJSON writes the report without the single items, which the CSV has.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(r)
}
