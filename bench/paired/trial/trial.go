package trial

import (
	"fmt"
	"math"
	"slices"

	"github.com/mclclip/mclclip/bench/paired"
)

// Score is what a column got in a metric with a setting and a seed.
type Score struct {
	Setting string `json:"setting"`
	Seed    int    `json:"seed"`
	Column  string `json:"column"`
	Metric  string `json:"metric"`
	Right   int    `json:"right"`
	Of      int    `json:"of"`
}

// Percent is the share of items that are right.
func (s Score) Percent() float64 { return 100 * float64(s.Right) / float64(max(1, s.Of)) }

// Change counts for a setting, a seed and a metric the items that only one of two columns gets right.
type Change struct {
	Setting string `json:"setting"`
	Seed    int    `json:"seed"`
	Metric  string `json:"metric"`
	From    string `json:"from"`
	To      string `json:"to"`
	Gained  int    `json:"gained"` // only To
	Lost    int    `json:"lost"`   // only From
}

// Trial is all that an experiment gave.
type Trial struct {
	Title    string   `json:"title"`
	Config   any      `json:"config"`
	Scores   []Score  `json:"scores"`
	Changes  []Change `json:"changes"`
	Settings []string `json:"-"` // in the order of Scores
	Columns  []string `json:"-"`
	Metrics  []string `json:"-"`
}

// Add takes the scores of a column.
func (t *Trial) Add(s Score) {
	t.Scores = append(t.Scores, s)
	for _, list := range []struct {
		names *[]string
		name  string
	}{{&t.Settings, s.Setting}, {&t.Columns, s.Column}, {&t.Metrics, s.Metric}} {
		if !slices.Contains(*list.names, list.name) {
			*list.names = append(*list.names, list.name)
		}
	}
}

// Compare adds the change between two columns from what each gets right, item by item.
func (t *Trial) Compare(setting string, seed int, metric, from, to string, before, after []bool) error {
	if len(before) != len(after) {
		return fmt.Errorf("%s, %s: %d items of %s and %d of %s", setting, metric, len(before), from, len(after), to)
	}
	c := Change{Setting: setting, Seed: seed, Metric: metric, From: from, To: to}
	for i := range before {
		switch {
		case after[i] && !before[i]:
			c.Gained++
		case before[i] && !after[i]:
			c.Lost++
		}
	}
	t.Changes = append(t.Changes, c)
	return nil
}

// Percents lists the scores of a column in per cent, in the order of the seeds.
func (t *Trial) Percents(setting, column, metric string) []float64 {
	var found []Score
	for _, s := range t.Scores {
		if s.Setting == setting && s.Column == column && s.Metric == metric {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b Score) int { return a.Seed - b.Seed })
	var out []float64
	for _, s := range found {
		out = append(out, s.Percent())
	}
	return out
}

// Verdict compares two columns over all seeds.
type Verdict struct {
	Setting string  `json:"setting"`
	Metric  string  `json:"metric"`
	From    string  `json:"from"`
	To      string  `json:"to"`
	Gain    float64 `json:"gain"`    // mean difference in points
	Spread  float64 `json:"spread"`  // its standard deviation over the seeds
	PSeeds  float64 `json:"p_seeds"` // Student's paired test over the seeds, two-sided; 1 with fewer than two
	Gained  int     `json:"gained"`  // items of all seeds that only To gets right
	Lost    int     `json:"lost"`    // only From
	PItems  float64 `json:"p_items"` // McNemar's exact test on these, two-sided: it takes the models as given
}

// Verdicts compares wherever Compare was called, in the order of settings and metrics.
func (t *Trial) Verdicts() (out []Verdict) {
	for _, c := range t.Changes {
		same := func(v Verdict) bool {
			return v.Setting == c.Setting && v.Metric == c.Metric && v.From == c.From && v.To == c.To
		}
		at := slices.IndexFunc(out, same)
		if at < 0 {
			at = len(out)
			out = append(out, Verdict{Setting: c.Setting, Metric: c.Metric, From: c.From, To: c.To})
		}
		out[at].Gained += c.Gained
		out[at].Lost += c.Lost
	}
	for i := range out {
		v := &out[i]
		before, after := t.Percents(v.Setting, v.From, v.Metric), t.Percents(v.Setting, v.To, v.Metric)
		var differences []float64
		for k := range min(len(before), len(after)) {
			differences = append(differences, after[k]-before[k])
		}
		v.Gain, v.Spread = Mean(differences), Deviation(differences)
		v.PSeeds, v.PItems = PairedT(differences), paired.McNemar(v.Lost, v.Gained)
	}
	return out
}

// Mean is the arithmetic mean, 0 of nothing.
func Mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(1, len(x)))
}

// Deviation is the standard deviation of a sample (divided by n-1), 0 with fewer than two values.
func Deviation(x []float64) float64 {
	if len(x) < 2 {
		return 0
	}
	mean, sum := Mean(x), 0.0
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(x)-1))
}
