package mmvp

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteText writes the table for a terminal: a row for each pattern with the pairs right in per cent, then the average with
// its interval, the pairs right, and the comparisons.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	writeTable(&b, r.table())
	b.WriteString("\nPairs right in per cent; two guesses are right in 25 %. Interval: Wilson's.\n")
	if r.unequal() {
		b.WriteString("The average is over pairs; the patterns differ in size, so their mean is given too.\n")
	}
	if r.ties() > 0 {
		b.WriteString("A tie (p exactly 0.5) chooses image 2, as in the published evaluation.\n")
	}
	for _, c := range r.Comparisons {
		fmt.Fprintf(&b, "%s -> %s: %s\n", c.First, c.Second, c.sentence())
	}
	if len(r.Published) > 0 {
		b.WriteString("\nPublished by others, not measured here:\n")
	}
	for _, p := range r.Published {
		fmt.Fprintf(&b, "  %.1f  %s (%s)\n", p.Average, p.Model, p.Source)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c Comparison) sentence() string {
	pairs := "pairs"
	if len(c.Gained) == 1 {
		pairs = "pair"
	}
	return fmt.Sprintf("%d %s gained, %d lost, p = %s (McNemar, exact)", len(c.Gained), pairs, len(c.Lost), formatP(c.P))
}

func formatP(p float64) string {
	if p < 0.001 {
		return fmt.Sprintf("%.1e", p)
	}
	return fmt.Sprintf("%.3f", p)
}

// table returns the cells of the text table, header first.
func (r *Report) table() [][]string {
	rows := [][]string{{""}}
	for _, pattern := range r.Patterns {
		rows = append(rows, []string{pattern})
	}
	footer := []string{"Average", "95 % interval", "Pairs right"}
	if r.unequal() {
		footer = append(footer, "Mean of patterns")
	}
	if r.ties() > 0 {
		footer = append(footer, "Ties")
	}
	for _, name := range footer {
		rows = append(rows, []string{name})
	}
	for _, column := range r.Columns {
		cells := []string{column.Name}
		for _, tally := range column.Result.Patterns {
			cells = append(cells, fmt.Sprintf("%.1f", tally.Percent()))
		}
		for _, name := range footer {
			cells = append(cells, column.Result.footer(name))
		}
		for i := range rows {
			rows[i] = append(rows[i], cells[i])
		}
	}
	return rows
}

func (r *Result) footer(name string) string {
	switch name {
	case "Average":
		return fmt.Sprintf("%.1f", r.Average)
	case "95 % interval":
		return fmt.Sprintf("%.1f-%.1f", r.Interval[0], r.Interval[1])
	case "Pairs right":
		return fmt.Sprintf("%d/%d", r.Pairs.Right, r.Pairs.Of)
	case "Mean of patterns":
		return fmt.Sprintf("%.1f", r.PatternMean)
	default:
		return fmt.Sprintf("%d/%d", r.Ties, len(r.Answers))
	}
}

// writeTable pads the cells: the first column to the left, the others to the right.
func writeTable(b *strings.Builder, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			switch i {
			case 0:
				b.WriteString(cell + pad)
			default:
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteString("\n")
	}
}
