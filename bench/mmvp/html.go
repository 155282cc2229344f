package mmvp

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed report.html
var pageSource string

var page = template.Must(template.New("report").Parse(pageSource))

// maxDots is the largest number of pairs of a pattern that are drawn as single dots; more become a bar.
const maxDots = 40

// pageView is what the template shows; everything is counted and formatted before.
type pageView struct {
	Title               string
	Pairs, PatternCount int
	Guessing            float64
	Columns             []columnView
	Rows                []rowView
	Comparisons         []comparisonView
	PairRows            []pairView
	Published           []Published
	PublishedRows       []publishedRow
	Ties, Statements    int
	Unequal             bool
	Dotted              bool // some pattern is drawn pair by pair
}

type columnView struct {
	Name, Average, Count, Low, High, PatternMean string
	Mid, Left, Width                             float64 // of the interval, in per cent of the track
}

type rowView struct {
	Pattern string
	Cells   []cellView
}

type cellView struct {
	Column, Percent, Count string
	Share                  float64
	Dots                   []bool // by pair; none where there are too many
}

type comparisonView struct {
	First, Second, P string
	Gained, Lost     int
	Pairs            []pairView
}

type pairView struct {
	IDs        string
	Pattern    string
	Statements [2]string
	Cells      []markView
	Gained     bool
}

type markView struct {
	Column  string
	Right   bool
	Margins string
}

type publishedRow struct {
	Pattern string
	Cells   []publishedCell
}

type publishedCell struct {
	Label, Value string
}

// WriteHTML writes the report as one page that needs nothing else: no script, no font, no network.
func (r *Report) WriteHTML(w io.Writer) error {
	v := pageView{Title: r.Title, Pairs: len(r.Questions) / 2, PatternCount: len(r.Patterns), Guessing: Guessing,
		Ties: r.ties(), Statements: len(r.Questions) * len(r.Columns), Unequal: r.unequal(), Dotted: r.dotted(),
		Published: r.Published, PublishedRows: viewPublished(r.Published)}
	for _, column := range r.Columns {
		v.Columns = append(v.Columns, viewColumn(column))
	}
	for i, pattern := range r.Patterns {
		v.Rows = append(v.Rows, r.viewRow(i, pattern))
	}
	for pair := range v.Pairs {
		v.PairRows = append(v.PairRows, r.viewPair(pair, r.Columns))
	}
	for _, c := range r.Comparisons {
		v.Comparisons = append(v.Comparisons, r.viewComparison(c))
	}
	return page.Execute(w, v)
}

func viewColumn(column Column) columnView {
	r := column.Result
	return columnView{
		Name: column.Name, Average: fmt.Sprintf("%.1f", r.Average), Count: fmt.Sprintf("%d of %d", r.Pairs.Right, r.Pairs.Of),
		Low: fmt.Sprintf("%.1f", r.Interval[0]), High: fmt.Sprintf("%.1f", r.Interval[1]), PatternMean: fmt.Sprintf("%.1f", r.PatternMean),
		Mid: r.Average, Left: r.Interval[0], Width: r.Interval[1] - r.Interval[0],
	}
}

func (r *Report) viewRow(index int, pattern string) rowView {
	row := rowView{Pattern: pattern}
	for _, column := range r.Columns {
		tally := column.Result.Patterns[index]
		cell := cellView{Column: column.Name, Percent: fmt.Sprintf("%.1f", tally.Percent()),
			Count: fmt.Sprintf("%d/%d", tally.Right, tally.Of), Share: tally.Percent()}
		if tally.Of <= maxDots {
			cell.Dots = r.dots(column, pattern)
		}
		row.Cells = append(row.Cells, cell)
	}
	return row
}

// dots returns which pairs of a pattern a column gets right.
func (r *Report) dots(column Column, pattern string) (dots []bool) {
	for pair, right := range column.Result.PairRight {
		if r.Questions[2*pair].Pattern == pattern {
			dots = append(dots, right)
		}
	}
	return dots
}

func (r *Report) viewPair(pair int, columns []Column) pairView {
	first, second := r.Questions[2*pair], r.Questions[2*pair+1]
	v := pairView{IDs: fmt.Sprintf("%d, %d", first.ID, second.ID), Pattern: first.Pattern, Statements: [2]string{first.Statement, second.Statement}}
	for _, column := range columns {
		a := column.Result.Answers[2*pair : 2*pair+2]
		v.Cells = append(v.Cells, markView{Column: column.Name, Right: column.Result.PairRight[pair],
			Margins: fmt.Sprintf("%+.2f, %+.2f", a[0].Margin, a[1].Margin)})
	}
	return v
}

func (r *Report) viewComparison(c Comparison) comparisonView {
	v := comparisonView{First: c.First, Second: c.Second, P: formatP(c.P), Gained: len(c.Gained), Lost: len(c.Lost)}
	columns := []Column{*r.column(c.First), *r.column(c.Second)}
	for _, pair := range c.Gained {
		row := r.viewPair(pair, columns)
		row.Gained = true
		v.Pairs = append(v.Pairs, row)
	}
	for _, pair := range c.Lost {
		v.Pairs = append(v.Pairs, r.viewPair(pair, columns))
	}
	return v
}

// viewPublished returns a row for each pattern and one for the average.
func viewPublished(figures []Published) (rows []publishedRow) {
	for i, pattern := range publishedPatterns {
		row := publishedRow{Pattern: pattern}
		for _, p := range figures {
			cell := publishedCell{p.Model, "not given"}
			if p.Patterns != nil {
				cell.Value = fmt.Sprintf("%.1f", p.Patterns[i])
			}
			row.Cells = append(row.Cells, cell)
		}
		rows = append(rows, row)
	}
	average := publishedRow{Pattern: "Average"}
	for _, p := range figures {
		average.Cells = append(average.Cells, publishedCell{p.Model, fmt.Sprintf("%.1f", p.Average)})
	}
	return append(rows, average)
}

// dotted tells whether a pattern has few enough pairs to be drawn pair by pair.
func (r *Report) dotted() bool {
	for _, column := range r.Columns {
		for _, tally := range column.Result.Patterns {
			if tally.Of <= maxDots {
				return true
			}
		}
	}
	return false
}
