package mcl

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// epoch streams all rows in an order that depends on the seed and the epoch, and returns the batches and the carry. It starts from
// carry and does what a loader does: Reset, then Next until nil after each Add.
func epoch(g *Grouper, carry []int64, seed, number uint64) (batches [][]int64, next []int64) {
	order := rand.New(rand.NewPCG(seed, number)).Perm(len(g.label))
	g.Reset(carry)
	for _, row := range order {
		g.Add(int64(row))
		for batch := g.Next(); batch != nil; batch = g.Next() {
			batches = append(batches, batch)
		}
	}
	next = g.EndEpoch()
	for batch := g.Next(); batch != nil; batch = g.Next() {
		batches = append(batches, batch)
	}
	return batches, next
}

// checkBatches checks what the loss relies on: b rows, none twice, each of the G blocks of one group, and few repeats counted.
// It returns the blocks that repeat a group.
func checkBatches(batches [][]int64, group func(row int64) int32, batch, groups int) (repeats int64, err error) {
	block := batch / groups
	for i, rows := range batches {
		if len(rows) != batch {
			return 0, fmt.Errorf("batch %d has %d rows, want %d", i, len(rows), batch)
		}
		sorted := slices.Clone(rows)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != batch {
			return 0, fmt.Errorf("batch %d holds a row twice", i)
		}
		seen := map[int32]bool{}
		for g := range groups {
			own := group(rows[g*block])
			for anchor := range block {
				if group(rows[g*block+anchor]) != own {
					return 0, fmt.Errorf("batch %d: block %d: an anchor meets a negative of another group", i, g)
				}
			}
			if seen[own] {
				repeats++
			}
			seen[own] = true
		}
	}
	return repeats, nil
}

// setting is a data set with its groups and batch.
type setting struct {
	name          string
	sizes         []int // pairs of each label
	batch, groups int
	unusable      int
}

var settings = []setting{
	{"the paper's batch, one group", []int{400, 900, 300, 150}, 64, 1, 0},
	{"four groups of many", []int{400, 900, 300, 150, 80, 90, 500, 333, 16, 17}, 64, 4, 50},
	{"one label has most of the data", []int{5000, 100, 100, 100, 100}, 64, 4, 3},
	{"fewer labels than groups", []int{700, 500}, 64, 4, 0},
	{"one label", []int{700}, 64, 4, 0},
	{"blocks of two", []int{30, 20, 10, 2, 2, 3, 40}, 16, 8, 0},
	{"hardly more than a batch", []int{33, 23, 25, 19}, 64, 4, 0},
	{"exactly a batch", []int{16, 16, 32}, 64, 4, 1},
	{"a group that needs its two blocks in turn", []int{22, 27, 21, 40}, 64, 4, 0},
	{"every label just below two blocks", []int{31, 31, 31, 31, 31}, 64, 4, 0},
	{"one and a half batches of one label", []int{96}, 64, 4, 0},
}

// rows spreads the labels over the rows of the setting's data set.
func (s setting) rows() (labels, of []int32) {
	for label, size := range s.sizes {
		of = append(of, int32(label))
		for range size {
			labels = append(labels, int32(label))
		}
	}
	for range s.unusable {
		labels = append(labels, Unusable)
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	return labels, of
}

func (s setting) grouper(t *testing.T) *Grouper {
	t.Helper()
	labels, of := s.rows()
	g, err := NewGrouper(labels, of, s.batch, s.groups, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestBatchesAreBlocksOfOneLabel(t *testing.T) {
	for _, s := range settings {
		t.Run(s.name, func(t *testing.T) {
			g := s.grouper(t)
			var carry []int64
			for number := range uint64(12) {
				var batches [][]int64
				batches, carry = epoch(g, carry, 7, number)
				repeats, err := checkBatches(batches, func(row int64) int32 { return g.label[row] }, s.batch, s.groups)
				if err != nil {
					t.Fatalf("epoch %d: %v", number, err)
				}
				stats := g.Stats()
				if stats.Repeats != repeats || stats.Batches != int64(len(batches)) || stats.Waiting != int64(len(carry)) || stats.Unusable != int64(s.unusable) {
					t.Errorf("epoch %d: %d batches, %d repeats and %d rows carried, counted are %+v", number, len(batches), repeats, len(carry), stats)
				}
				if len(batches) == 0 {
					t.Errorf("epoch %d has no batch", number)
				}
			}
		})
	}
}

// After e epochs each usable row was given e times: it was used or it waits.
func TestEveryPairIsUsedOnceAnEpochOrWaits(t *testing.T) {
	for _, s := range settings {
		t.Run(s.name, func(t *testing.T) {
			g := s.grouper(t)
			used := make([]int, len(g.label))
			var carry []int64
			most := 0
			for number := range uint64(60) {
				var batches [][]int64
				batches, carry = epoch(g, carry, 3, number)
				for _, row := range slices.Concat(batches...) {
					used[row]++
				}
				given := slices.Clone(used)
				for _, row := range carry {
					given[row]++
				}
				for row, n := range given {
					if want := int(number) + 1; g.label[row] >= 0 && n != want || g.label[row] < 0 && n != 0 {
						t.Fatalf("epoch %d: row %d with label %d was used or waits %d times, want %d", number, row, g.label[row], n, want)
					}
				}
				most = max(most, len(carry))
			}
			if limit := (len(s.sizes)+s.groups)*s.batch/s.groups + s.batch; most > limit {
				t.Errorf("up to %d rows waited, want at most %d: the rows that wait pile up", most, limit)
			}
		})
	}
}

// The same for groups of any size that merging may leave, with little data, where rows have to wait for their own copies.
func TestRowsThatWaitDoNotPileUp(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	tested := 0
	for range 150 {
		s := setting{batch: 64, groups: 4}
		total := int64(0)
		for range random.IntN(6) + 1 {
			size := 16 + random.IntN(30)
			s.sizes, total = append(s.sizes, size), total+int64(size)
		}
		if total < 64 || slices.ContainsFunc(s.sizes, func(size int) bool { return lacks(int64(size), total, 64, 4) > 0 }) {
			continue
		}
		tested++
		g := s.grouper(t)
		var carry []int64
		for number := range uint64(100) {
			if _, carry = epoch(g, carry, 3, number); len(carry) > 3*64 {
				t.Fatalf("groups of %d pairs: %d rows wait after epoch %d", s.sizes, len(carry), number)
			}
		}
	}
	if tested < 30 {
		t.Errorf("only %d cases were tested", tested)
	}
}

// A loader that starts at a cursor replays the epoch from its carry.
func TestReplayGivesTheSameBatches(t *testing.T) {
	for _, s := range settings {
		t.Run(s.name, func(t *testing.T) {
			g := s.grouper(t)
			var carries, carry = [][]int64{nil}, []int64(nil)
			var all [][][]int64
			for number := range uint64(5) {
				var batches [][]int64
				batches, carry = epoch(g, carry, 9, number)
				all, carries = append(all, batches), append(carries, carry)
			}
			for number := range all {
				batches, next := epoch(s.grouper(t), carries[number], 9, uint64(number))
				if !slices.EqualFunc(batches, all[number], slices.Equal) || !slices.Equal(next, carries[number+1]) {
					t.Errorf("epoch %d from its carry gives other batches than the run did", number)
				}
			}
			other, _ := epoch(s.grouper(t), nil, 10, 0)
			if len(s.sizes) > 1 && slices.EqualFunc(other, all[0], slices.Equal) {
				t.Error("another order gives the same batches")
			}
		})
	}
}

// Without a group that has more than 1/G of the data, and with more groups than G, repeats are rare.
func TestGroupsOfABatchDiffer(t *testing.T) {
	s := setting{"", []int{4000, 4000, 4000, 4000, 3000, 5000, 4500, 3500}, 64, 4, 0}
	g := s.grouper(t)
	epoch(g, nil, 1, 0)
	if stats := g.Stats(); stats.Repeats > 4 {
		t.Errorf("%d repeats in %d batches, want hardly any before the end of the epoch", stats.Repeats, stats.Batches)
	}
}

// A group with 90 % of the data takes more than its 1 of 4 blocks, and no more blocks wait than the bound says.
func TestABigGroupDoesNotPileUp(t *testing.T) {
	s := setting{"", []int{18000, 500, 500, 500, 500}, 64, 4, 0}
	g := s.grouper(t)
	order := rand.New(rand.NewPCG(2, 0)).Perm(len(g.label))
	for _, row := range order {
		g.Add(int64(row))
		if len(g.waiting) >= waitingBatches*4 {
			t.Fatalf("%d blocks wait", len(g.waiting))
		}
	}
	stats := g.Stats()
	if stats.Repeats == 0 || stats.Drawn[0] < 18000/16-waitingBatches*4-1 {
		t.Errorf("the big group gave %d blocks with %d repeats", stats.Drawn[0], stats.Repeats)
	}
}

// The checks above see a grouper that is wrong.
func TestWrongBatchesAreSeen(t *testing.T) {
	s := settings[1]
	g := s.grouper(t)
	label := func(row int64) int32 { return g.label[row] }
	good, _ := epoch(g, nil, 1, 0)
	spoil := map[string]func(rows []int64){
		"a row of another block":       func(rows []int64) { rows[0], rows[63] = rows[63], rows[0] },
		"an image beside itself":       func(rows []int64) { rows[1] = rows[0] },
		"an image beside itself later": func(rows []int64) { copy(rows[48:], rows[:16]) },
	}
	for name, f := range spoil {
		batch := slices.Clone(good[0])
		f(batch)
		if _, err := checkBatches([][]int64{batch}, label, s.batch, s.groups); err == nil {
			t.Errorf("%s passed", name)
		}
	}
	if _, err := checkBatches(good, label, s.batch, s.groups); err != nil {
		t.Error(err)
	}
}

func TestMergedLabelsShareBlocks(t *testing.T) {
	s := setting{"", []int{300, 7, 200, 0, 9}, 32, 2, 0}
	labels, _ := s.rows()
	groups, err := MergeSmall([]int64{300, 7, 200, 0, 9}, []Centroids{line(0, 1, 5, 6, 7)}, 32, 2)
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewGrouper(labels, groups.Of, 32, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	batches, carry := epoch(g, nil, 1, 0)
	if _, err := checkBatches(batches, func(row int64) int32 { return groups.Of[labels[row]] }, 32, 2); err != nil {
		t.Error(err)
	}
	if used := len(slices.Concat(batches...)) + len(carry); used != 516 {
		t.Errorf("%d of 516 pairs were used or carried", used)
	}
}
