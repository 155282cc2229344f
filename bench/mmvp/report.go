package mmvp

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/mclclip/mclclip/bench/paired"
)

// Column is the result of one model: the base, one stage, the stages integrated, a control.
type Column struct {
	Name   string `json:"name"`
	Result Result `json:"result"`
}

// Comparison is a paired comparison of two columns: both answered the same pairs, so only the pairs that one of them alone
// gets right tell them apart.
type Comparison struct {
	First  string  `json:"first"`
	Second string  `json:"second"`
	Gained []int   `json:"gained"`  // pairs, by index, that only Second gets right
	Lost   []int   `json:"lost"`    // pairs that only First gets right
	P      float64 `json:"p_value"` // McNemar's, exact and two-sided
}

// Report is a table of columns over one benchmark.
type Report struct {
	Title       string       `json:"title"`
	Data        string       `json:"data"` // folder of the benchmark
	Patterns    []string     `json:"patterns"`
	Questions   []Question   `json:"questions"`
	Columns     []Column     `json:"columns"`
	Comparisons []Comparison `json:"comparisons,omitempty"`
	Published   []Published  `json:"published_figures,omitempty"` // set by AddPublished
}

// On reports whether r is about the questions of d.
func (r *Report) On(d *Dataset) bool {
	return slices.EqualFunc(r.Questions, d.Questions, func(a, b Question) bool {
		return a.ID == b.ID && a.Pattern == b.Pattern && a.Statement == b.Statement
	})
}

// NewReport returns the report of columns that Score made from d. Two columns of one name are an error.
func NewReport(title string, d *Dataset, columns []Column) (*Report, error) {
	if len(columns) == 0 {
		return nil, fmt.Errorf("report %s: no columns", title)
	}
	seen := map[string]bool{}
	for _, column := range columns {
		if seen[column.Name] {
			return nil, fmt.Errorf("report %s: two columns have the name %q", title, column.Name)
		}
		seen[column.Name] = true
		if len(column.Result.Answers) != len(d.Questions) || len(column.Result.Patterns) != len(d.Patterns) {
			return nil, fmt.Errorf("report %s: column %q is not a result on %s", title, column.Name, d.Dir)
		}
	}
	return &Report{Title: title, Data: d.Dir, Patterns: d.Patterns, Questions: d.Questions, Columns: columns}, nil
}

// Compare adds the comparison of the columns first and second to the report and returns it.
func (r *Report) Compare(first, second string) (Comparison, error) {
	a, b := r.column(first), r.column(second)
	if a == nil || b == nil {
		return Comparison{}, fmt.Errorf("compare %q and %q: no such column", first, second)
	}
	c := Comparison{First: first, Second: second, Gained: []int{}, Lost: []int{}}
	for pair, right := range a.Result.PairRight {
		switch {
		case right && !b.Result.PairRight[pair]:
			c.Lost = append(c.Lost, pair)
		case !right && b.Result.PairRight[pair]:
			c.Gained = append(c.Gained, pair)
		}
	}
	c.P = paired.McNemar(len(c.Lost), len(c.Gained))
	r.Comparisons = append(r.Comparisons, c)
	return c, nil
}

func (r *Report) column(name string) *Column {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return &r.Columns[i]
		}
	}
	return nil
}

// ties returns the number of tied questions over all columns.
func (r *Report) ties() (ties int) {
	for _, column := range r.Columns {
		ties += column.Result.Ties
	}
	return ties
}

// unequal reports whether the patterns differ in size, so that the mean over patterns is another average.
func (r *Report) unequal() bool {
	for _, tally := range r.Columns[0].Result.Patterns {
		if tally.Of != r.Columns[0].Result.Patterns[0].Of {
			return true
		}
	}
	return false
}

// WriteJSON writes the whole report, each answer included.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(r)
}

// WriteCSV writes one row for each question of each column.
func (r *Report) WriteCSV(w io.Writer) error {
	table := csv.NewWriter(w)
	if err := table.Write([]string{"column", "question_id", "type", "statement", "logit_image_1", "logit_image_2",
		"p_image_1", "margin", "image_chosen", "image_right", "tie", "right", "pair_right"}); err != nil {
		return err
	}
	for _, column := range r.Columns {
		for i, a := range column.Result.Answers {
			q := r.Questions[i]
			if err := table.Write([]string{column.Name, strconv.Itoa(q.ID), q.Pattern, q.Statement, exact(a.Logits[0]), exact(a.Logits[1]),
				exact(a.P), exact(a.Margin), strconv.Itoa(a.Chosen), strconv.Itoa(a.Truth), strconv.FormatBool(a.Tie),
				strconv.FormatBool(a.Right), strconv.FormatBool(column.Result.PairRight[i/2])}); err != nil {
				return err
			}
		}
	}
	table.Flush()
	return table.Error()
}

// exact formats x so that it reads back as the same number.
func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
