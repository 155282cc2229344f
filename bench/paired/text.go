package paired

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteText writes the table for a terminal: a row for each metric, below it its interval, then the comparisons and notes.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	if len(r.Columns) > 0 {
		writeTable(&b, r.table())
		b.WriteString("\nShares in per cent, with Wilson's 95 % interval.\n")
	}
	for _, c := range r.Comparisons {
		fmt.Fprintf(&b, "%s -> %s, %s: %d gained, %d lost, p = %s (McNemar, exact)\n", c.First, c.Second, c.Metric, c.Gained, c.Lost, formatP(c.P))
	}
	for _, note := range r.Notes {
		b.WriteString(note + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteCSV writes one row for each item of each metric of each column, right or not.
func (r *Report) WriteCSV(w io.Writer) error {
	table := csv.NewWriter(w)
	if err := table.Write([]string{"column", "metric", "item", "right", "name"}); err != nil {
		return err
	}
	for _, column := range r.Columns {
		for _, m := range column.Metrics {
			for item, right := range m.Right {
				name := ""
				if m.Names != nil {
					name = m.Names[item]
				}
				if err := table.Write([]string{column.Name, m.Name, strconv.Itoa(item), strconv.FormatBool(right), name}); err != nil {
					return err
				}
			}
		}
	}
	table.Flush()
	return table.Error()
}

// table returns the cells, header first.
func (r *Report) table() [][]string {
	header := []string{""}
	for _, c := range r.Columns {
		header = append(header, c.Name)
	}
	rows := [][]string{header}
	for i, m := range r.Columns[0].Metrics {
		values, intervals := []string{m.Name}, []string{""}
		for _, c := range r.Columns {
			m := c.Metrics[i]
			values = append(values, formatValue(m))
			if m.Interval != nil {
				intervals = append(intervals, fmt.Sprintf("%.1f-%.1f", m.Interval[0], m.Interval[1]))
			}
		}
		rows = append(rows, values)
		if len(intervals) == len(header) {
			rows = append(rows, intervals)
		}
	}
	return rows
}

func formatValue(m Metric) string {
	if m.Unit == "%" {
		return fmt.Sprintf("%.2f", m.Value)
	}
	return strconv.FormatFloat(m.Value, 'g', 6, 64)
}

func formatP(p float64) string {
	if p < 0.001 {
		return fmt.Sprintf("%.1e", p)
	}
	return fmt.Sprintf("%.3f", p)
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
		line := row[0] + strings.Repeat(" ", width[0]-utf8.RuneCountInString(row[0]))
		for i, cell := range row[1:] {
			line += "  " + strings.Repeat(" ", width[i+1]-utf8.RuneCountInString(cell)) + cell
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
