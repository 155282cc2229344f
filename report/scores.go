package report

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/mclclip/mclclip/bench/mmvp"
)

// mostPairs bounds the benchmark pairs that are shown as pictures, gained and lost ones each, of a comparison.
const mostPairs = 8

type scoresView struct {
	Of          string // how many pairs of which benchmark
	Integrated  bool   // there is a column of it
	Guessing    float64
	Columns     []scoreView
	Patterns    []patternView
	Comparisons []comparisonView
}

// scoreView is a column of the table; Left and Width are its interval on a scale of 0 to 100.
type scoreView struct {
	Name, Average, Count, Low, High string
	Mid, Left, Width                float64
}

type patternView struct {
	Name  string
	Cells []patternCell
}

type patternCell struct {
	Column, Percent, Count string
	Best                   bool
}

type comparisonView struct {
	First, Second, P, Verdict string
	Changes                   [2]changesView // gained, lost
}

// Pairs is their number in words.
func (v changesView) Pairs() string {
	if v.All == 1 {
		return "1 pair"
	}
	return fmt.Sprintf("%d pairs", v.All)
}

// changesView is the pairs of one direction of change; All counts them, Shown lists some.
type changesView struct {
	Kind  string
	All   int
	Shown []pairView
}

type pairView struct {
	Pattern    string
	Pictures   [2]template.URL
	Statements [2]string
	IDs        [2]int
}

func (r *Report) viewScores() *scoresView {
	if r.Scores == nil || len(r.Scores.Columns) == 0 {
		return nil
	}
	v := &scoresView{Of: fmt.Sprintf("%d pairs of %s.", len(r.Scores.Questions)/2, r.Scores.Data), Guessing: mmvp.Guessing}
	for _, c := range r.Scores.Columns {
		res := c.Result
		v.Integrated = v.Integrated || c.Name == "integrated"
		v.Columns = append(v.Columns, scoreView{
			Name: c.Name, Average: fmt.Sprintf("%.1f", res.Average), Count: fmt.Sprintf("%d of %d", res.Pairs.Right, res.Pairs.Of),
			Low: fmt.Sprintf("%.1f", res.Interval[0]), High: fmt.Sprintf("%.1f", res.Interval[1]),
			Mid: res.Average, Left: res.Interval[0], Width: res.Interval[1] - res.Interval[0],
		})
	}
	for i, name := range r.Scores.Patterns {
		v.Patterns = append(v.Patterns, viewPattern(name, i, r.Scores.Columns))
	}
	for _, c := range r.Scores.Comparisons {
		v.Comparisons = append(v.Comparisons, comparisonView{
			First: c.First, Second: c.Second, P: fmt.Sprintf("%.2g", c.P), Verdict: verdict(c),
			Changes: [2]changesView{r.viewChanges("Gained", c.Gained), r.viewChanges("Lost", c.Lost)},
		})
	}
	return v
}

func viewPattern(name string, index int, columns []mmvp.Column) patternView {
	v := patternView{Name: name}
	best := 0
	for _, c := range columns {
		if index < len(c.Result.Patterns) {
			best = max(best, c.Result.Patterns[index].Right)
		}
	}
	for _, c := range columns {
		if index >= len(c.Result.Patterns) {
			continue
		}
		t := c.Result.Patterns[index]
		v.Cells = append(v.Cells, patternCell{c.Name, fmt.Sprintf("%.1f", t.Percent()), fmt.Sprintf("%d/%d", t.Right, t.Of), t.Right == best})
	}
	return v
}

// verdict says in words what a comparison shows.
func verdict(c mmvp.Comparison) string {
	better, worse := c.Second, c.First
	if len(c.Gained) < len(c.Lost) {
		better, worse = worse, better
	}
	if c.P >= 0.05 {
		return fmt.Sprintf("No difference between %s and %s is shown: by chance alone it would be this large or larger in %.0f %% of cases.", c.First, c.Second, 100*c.P)
	}
	return fmt.Sprintf("%s is better than %s on these pairs. One run says nothing about other seeds.", better, worse)
}

func (r *Report) viewChanges(kind string, pairs []int) changesView {
	v := changesView{Kind: kind, All: len(pairs)}
	for _, pair := range spread(pairs) {
		if 2*pair+1 >= len(r.Scores.Questions) || pair < 0 {
			continue
		}
		first, second := r.Scores.Questions[2*pair], r.Scores.Questions[2*pair+1]
		v.Shown = append(v.Shown, pairView{
			Pattern: first.Pattern, Statements: [2]string{first.Statement, second.Statement}, IDs: [2]int{first.ID, second.ID},
			Pictures: [2]template.URL{picture(r.Pictures[2*pair]), picture(r.Pictures[2*pair+1])},
		})
	}
	return v
}

// spread picks at most mostPairs, evenly, so that all patterns have a chance.
func spread(pairs []int) []int {
	if len(pairs) <= mostPairs {
		return pairs
	}
	chosen := make([]int, mostPairs)
	for i := range chosen {
		chosen[i] = pairs[i*len(pairs)/mostPairs]
	}
	return chosen
}

// ShownPairs lists the benchmark pairs that the page shows, by index: Pictures of their questions are of use.
func (r *Report) ShownPairs() (pairs []int) {
	if r.Scores == nil {
		return nil
	}
	for _, c := range r.Scores.Comparisons {
		pairs = append(append(pairs, spread(c.Gained)...), spread(c.Lost)...)
	}
	slices.Sort(pairs)
	return slices.Compact(pairs)
}
