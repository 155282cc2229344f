package speed

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Work is something that both sides can do.
type Work struct {
	Name      string  `json:"name"`
	Text      string  `json:"text"`      // what is done, and by what on the other side
	Unit      string  `json:"unit"`      // of what is counted
	PerCore   bool    `json:"per_core"`  // counted by processor time, otherwise by wall time
	Tolerance float64 `json:"tolerance"` // by how much the values may differ, relative to the largest
}

// Spread is the range of a ratio over the rounds.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// Comparison is the outcome of a work.
type Comparison struct {
	Work
	Settings   string     `json:"settings"`
	Build      string     `json:"build"` // of mclclip
	Ours       []Round    `json:"ours"`
	Theirs     []Round    `json:"theirs"`
	Speed      Spread     `json:"speed_ratio"`  // our items per second over theirs, by wall or processor time as the work says
	Wall       Spread     `json:"wall_ratio"`   // by wall time
	CPU        Spread     `json:"cpu_ratio"`    // by processor time
	Memory     float64    `json:"memory_ratio"` // our peak over theirs
	Difference float64    `json:"difference"`   // largest relative difference of the values
	Load       [2]float64 `json:"load"`         // load average of the machine before and after
}

// Compare does a warm-up round and then the given number of rounds with both sides in turn. The values of every round, the
// warm-up too, must agree.
func Compare(w Work, ours, theirs interface{ Round() (Round, error) }, rounds int) (Comparison, error) {
	c := Comparison{Work: w}
	c.Load[0] = load()
	for i := range rounds + 1 {
		a, err := ours.Round()
		if err != nil {
			return c, err
		}
		b, err := theirs.Round()
		if err != nil {
			return c, err
		}
		off := difference(a.Values, b.Values)
		c.Difference = max(c.Difference, off)
		if !(off <= w.Tolerance) {
			return c, fmt.Errorf("%s: the two sides do not compute the same: round %d differs by %.2g of its size (%.6g and %.6g)", w.Name, i, off, a.Values, b.Values)
		}
		if i > 0 {
			c.Ours, c.Theirs = append(c.Ours, a), append(c.Theirs, b)
		}
	}
	c.Load[1] = load()
	c.summarize()
	return c, nil
}

func (c *Comparison) summarize() {
	var wall, cpu []float64
	var ours, theirs int64
	for i, a := range c.Ours {
		b := c.Theirs[i]
		wall = append(wall, a.Items/a.Seconds/(b.Items/b.Seconds))
		cpu = append(cpu, a.Items/max(a.CPU, 1e-6)/(b.Items/max(b.CPU, 1e-6)))
		ours, theirs = max(ours, a.Memory), max(theirs, b.Memory)
	}
	c.Wall, c.CPU = spread(wall), spread(cpu)
	c.Speed = c.Wall
	if c.PerCore {
		c.Speed = c.CPU
	}
	if theirs > 0 {
		c.Memory = float64(ours) / float64(theirs)
	}
}

func spread(values []float64) Spread {
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare)
	n := len(sorted)
	return Spread{sorted[0], (sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[n-1]}
}

// difference is the largest difference of two lists of numbers over the largest magnitude in them; infinite where they
// cannot be compared.
func difference(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	most, size := 0.0, 0.0
	for i := range a {
		most, size = max(most, math.Abs(a[i]-b[i])), max(size, math.Abs(a[i]), math.Abs(b[i]))
	}
	if math.IsNaN(most) {
		return math.Inf(1)
	}
	if most == 0 {
		return 0
	}
	return most / size
}
