package mcl

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// mixDrift is the chi-square statistic, per degree of freedom, of the label counts in the first half of the batches against the second.
func mixDrift(batches [][]int64, label func(row int64) int32, labels int) float64 {
	half := len(batches) / 2
	first, second := make([]float64, labels), make([]float64, labels)
	for i, rows := range batches[:2*half] {
		for _, row := range rows {
			if i < half {
				first[label(row)]++
			} else {
				second[label(row)]++
			}
		}
	}
	chi := 0.0
	for l := range first {
		if sum := first[l] + second[l]; sum > 0 {
			chi += (first[l] - second[l]) * (first[l] - second[l]) / sum
		}
	}
	return chi / float64(labels-1)
}

// roundRobin is the order of the authors' sampler: a batch of each label in turn until all are exhausted.
func roundRobin(labels []int32, count, batch int) (batches [][]int64) {
	rows := make([][]int64, count)
	for row, label := range labels {
		rows[label] = append(rows[label], int64(row))
	}
	for found := true; found; {
		found = false
		for label := range rows {
			if len(rows[label]) >= batch {
				batches, rows[label], found = append(batches, rows[label][:batch]), rows[label][batch:], true
			}
		}
	}
	return batches
}

// The rows themselves, in random order, have a drift of 1 on average; blocks of 16 rows are at most that even, for they leave regularly.
func TestLabelsAreDrawnInProportionToSizeAllThroughTheEpoch(t *testing.T) {
	s := setting{"", []int{40000, 20000, 20000, 10000, 5000, 2500, 2500}, 64, 4, 0}
	g := s.grouper(t)
	label := func(row int64) int32 { return g.label[row] }
	var carry []int64
	for number := range uint64(3) {
		var batches [][]int64
		batches, carry = epoch(g, carry, 5, number)
		if drift := mixDrift(batches, label, len(s.sizes)); drift > 3 {
			t.Errorf("epoch %d: the halves' label counts differ by chi-square %.1f a degree of freedom, want about 1", number, drift)
		}
		for l, size := range s.sizes {
			share := float64(g.Stats().Drawn[l]) * 16 / float64(size)
			if math.Abs(share-1) > 0.02 {
				t.Errorf("epoch %d: label %d was drawn %.3f times its size", number, l, share)
			}
		}
	}
	if drift := mixDrift(roundRobin(g.label, len(s.sizes), 64), label, len(s.sizes)); drift < 100 {
		t.Errorf("round-robin has a drift of only %.1f: the test does not see what it is for", drift)
	}
}

func TestGroupsThatMakeNoBatchAreRefused(t *testing.T) {
	same := []int32{0, 1}
	cases := []struct {
		name          string
		labels        []int32
		of            []int32
		batch, groups int
		says          string
	}{
		{"small group", append(make([]int32, 64), 1), same, 64, 4, "group 1 of 2 has 1 of 65 pairs"},
		{"too few blocks", append(make([]int32, 31), slices.Repeat([]int32{1}, 33)...), same, 64, 4, "group 0 of 2 has 31 of 64 pairs, too few full blocks of 16"},
		{"label without group", append(make([]int32, 64), 7), same, 64, 4, "row 64: label 7 belongs to no group"},
		{"label merged into nothing", append(make([]int32, 64), 1), []int32{0, Unusable}, 64, 4, "row 64: label 1 belongs to no group"},
		{"group that is none", make([]int32, 64), []int32{1, 0}, 64, 4, "its group 1 is no group"},
		{"too little data", make([]int32, 63), same[:1], 64, 4, "63 usable pairs"},
		{"uneven groups", make([]int32, 640), same[:1], 64, 5, "does not divide"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := NewGrouper(c.labels, c.of, c.batch, c.groups, nil); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
		})
	}
}

func BenchmarkGrouper(b *testing.B) {
	const n = 1 << 22
	labels, of := make([]int32, n), make([]int32, 1000)
	for label := range of {
		of[label] = int32(label)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for row := range labels {
		labels[row] = random.Int32N(1000)
	}
	g, err := NewGrouper(labels, of, 1024, 4, nil)
	if err != nil {
		b.Fatal(err)
	}
	var carry []int64
	for b.Loop() {
		g.Reset(carry)
		for start := range int64(64) { // 64 places that are read in turn
			for row := start * n / 64; row < (start+1)*n/64; row++ {
				g.Add(row * 40503 % n)
				for g.Next() != nil {
				}
			}
		}
		carry = g.EndEpoch()
		for g.Next() != nil {
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
