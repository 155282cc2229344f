package mcl

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// line places the centroids of one stage on a line.
func line(at ...float32) Centroids { return Centroids{Data: at, Clusters: len(at), Width: 1} }

func TestSmallLabelsGoToTheirNearest(t *testing.T) {
	stages := []Centroids{line(0, 1, 10), line(0, 4, 5)}
	cases := []struct {
		name   string
		sizes  []int64 // of the labels 00 01 02 10 11 12 20 21 22
		merges []Merge
	}{
		{"nothing is small", []int64{20, 20, 20, 0, 20, 20, 0, 70, 70}, nil},
		{"a full block is not small", []int64{16, 20, 20, 0, 20, 20, 0, 70, 70}, nil},
		{"the nearest at the last stage", []int64{20, 9, 20, 0, 20, 20, 0, 70, 70}, []Merge{{1, 9, 2, 29}}},
		{"the ancestor counts before the distance", []int64{20, 9, 0, 0, 20, 20, 0, 70, 70}, []Merge{{1, 9, 0, 29}}},
		{"then the nearest ancestor", []int64{0, 9, 0, 0, 0, 20, 0, 70, 70}, []Merge{{1, 9, 5, 29}}},
		{"the same cluster of the nearest ancestor", []int64{0, 9, 0, 20, 20, 20, 0, 70, 70}, []Merge{{1, 9, 4, 29}}},
		{"two small ones make a large one", []int64{20, 7, 9, 0, 20, 20, 0, 70, 70}, []Merge{{1, 7, 2, 16}}},
		{"the smallest goes first, the lower on a tie", []int64{5, 6, 5, 0, 20, 20, 0, 70, 70}, []Merge{{0, 5, 1, 11}, {2, 5, 1, 16}}},
		{"on to a relative when that is not enough", []int64{3, 2, 0, 0, 20, 0, 20, 70, 70}, []Merge{{1, 2, 0, 5}, {0, 5, 4, 25}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			groups, err := MergeSmall(c.sizes, stages, 64, 4)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(groups.Merges, c.merges) {
				t.Errorf("merges are %v, want %v", groups.Merges, c.merges)
			}
		})
	}
}

// slowMerge does what MergeSmall's comment says with nothing but loops over all pairs of groups.
func slowMerge(sizes []int64, stages []Centroids, block, need, total int64) []int32 {
	group := make([]int32, len(sizes))
	left := slices.Clone(sizes)
	for label := range group {
		group[label] = int32(label)
	}
	for {
		small, count, enough := -1, 0, true
		for label, size := range left {
			if size == 0 {
				continue
			}
			count++
			// its share of the G blocks of a batch, and the most that a batch can take without a pair twice
			enough = enough && float64(size)/float64(total)*float64(need) <= float64(size/block)+1e-9
			if small < 0 || size < left[small] {
				small = label
			}
		}
		if count < 2 || left[small] >= block && enough {
			return group
		}
		near := -1
		for label, size := range left {
			if size > 0 && label != small && (near < 0 || nearer(stages, small, label, near)) {
				near = label
			}
		}
		left[near], left[small] = left[near]+left[small], 0
		for label := range group {
			if group[label] == int32(small) {
				group[label] = int32(near)
			}
		}
	}
}

// nearer reports whether label a is nearer to label l than b.
func nearer(stages []Centroids, l, a, b int) bool {
	k := stages[0].Clusters
	own, one, two := Clusters(int32(l), k, len(stages)), Clusters(int32(a), k, len(stages)), Clusters(int32(b), k, len(stages))
	for s, c := range stages {
		if (one[s] == own[s]) != (two[s] == own[s]) {
			return one[s] == own[s]
		}
		d := squaredDistance(c.Row(int(own[s])), c.Row(int(one[s]))) - squaredDistance(c.Row(int(own[s])), c.Row(int(two[s])))
		if d != 0 {
			return d < 0
		}
	}
	return a < b
}

// randomLabels draws the sizes of labels, many of them empty or small, and centroids.
func randomLabels(random *rand.Rand) (sizes []int64, stages []Centroids) {
	k, n := random.IntN(5)+2, random.IntN(3)+1
	count := 1
	for range n {
		count *= k
		c := Centroids{Clusters: k, Width: 3}
		for range 3 * k {
			c.Data = append(c.Data, random.Float32())
		}
		stages = append(stages, c)
	}
	sizes = make([]int64, count)
	for label := range sizes {
		sizes[label] = max(0, random.Int64N(1<<random.IntN(10))-3)
	}
	return sizes, stages
}

func TestMergedGroupsFillBlocksAndLoseNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	merged := 0
	for range 400 {
		sizes, stages := randomLabels(random)
		batch, groups := 64, 1<<random.IntN(5)
		total := int64(0)
		for _, size := range sizes {
			total += size
		}
		got, err := MergeSmall(sizes, stages, batch, groups)
		if (err != nil) != (total < int64(batch)) {
			t.Fatalf("%d pairs, batch %d: %v", total, batch, err)
		}
		if err != nil {
			continue
		}
		block, sum, blocks := int64(batch/groups), int64(0), int64(0)
		for _, size := range got.Sizes {
			if sum += size; size > 0 && size < block {
				t.Errorf("a group of %d pairs is left with blocks of %d", size, block)
			}
			blocks += size / block
		}
		if sum != total || blocks < int64(groups) {
			t.Errorf("%d of %d pairs are left in %d full blocks, a batch needs %d", sum, total, blocks, groups)
		}
		checkGroups(t, got, sizes, slowMerge(sizes, stages, block, int64(groups), total))
		again, _ := MergeSmall(sizes, stages, batch, groups)
		if !reflect.DeepEqual(got, again) {
			t.Error("the same labels gave other groups the second time")
		}
		merged += len(got.Merges)
	}
	if merged < 1000 {
		t.Errorf("only %d merges were tested", merged)
	}
}

func checkGroups(t *testing.T, got *Groups, sizes []int64, want []int32) {
	t.Helper()
	total, standing := make([]int64, len(sizes)), 0
	for label, group := range got.Of {
		if sizes[label] == 0 {
			if group != Unusable {
				t.Errorf("label %d has no pairs but group %d", label, group)
			}
			continue
		}
		if group != want[label] {
			t.Errorf("label %d is in group %d, the slow way says %d", label, group, want[label])
		}
		total[group] += sizes[label]
		if int(group) == label {
			standing++
		}
	}
	if !slices.Equal(total, got.Sizes) || standing != got.Count() {
		t.Errorf("groups hold %v pairs, reported are %v and %d groups", total, got.Sizes, got.Count())
	}
	labels, pairs := got.Merged(sizes)
	if labels != len(got.Merges) || (pairs > 0) != (labels > 0) {
		t.Errorf("%d labels with %d pairs were merged, %d merges are reported", labels, pairs, len(got.Merges))
	}
}

// A batch of four blocks of 16 needs nearly two of 31 pairs, which fill only one.
func TestMergingGoesOnUntilEveryGroupHasItsShareOfABatch(t *testing.T) {
	groups, err := MergeSmall([]int64{31, 33}, []Centroids{line(0, 1)}, 64, 4)
	if err != nil || groups.Count() != 1 || groups.Sizes[1] != 64 {
		t.Errorf("got %+v (%v), want one group of 64", groups, err)
	}
}

func TestManyLabelsMergeQuickly(t *testing.T) {
	const k = 60
	random := rand.New(rand.NewPCG(7, 8))
	var stages []Centroids
	for range 3 {
		c := Centroids{Clusters: k, Width: 4}
		for range 4 * k {
			c.Data = append(c.Data, random.Float32())
		}
		stages = append(stages, c)
	}
	sizes := make([]int64, k*k*k)
	for label := range sizes {
		sizes[label] = random.Int64N(40)
	}
	groups, err := MergeSmall(sizes, stages, 64, 4)
	if err != nil || groups.Count() == len(sizes) || groups.Count() < len(sizes)/4 {
		t.Errorf("%d labels gave %d groups (%v)", len(sizes), groups.Count(), err)
	}
}

func TestCentroidsThatDoNotFitAreRefused(t *testing.T) {
	cases := []struct {
		name   string
		sizes  []int64
		stages []Centroids
		says   string
	}{
		{"no stage", []int64{100}, nil, "no centroids"},
		{"other number of labels", []int64{100, 0, 0}, []Centroids{line(0, 1)}, "3 sizes for 2 clusters"},
		{"stages of different K", make([]int64, 4), []Centroids{line(0, 1), line(0, 1, 2)}, "centroids of stage 1"},
		{"too little data", []int64{30, 33}, []Centroids{line(0, 1)}, "63 usable pairs"},
	}
	cases[2].sizes[0] = 100
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := MergeSmall(c.sizes, c.stages, 64, 4); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
		})
	}
}
