package mcl

import (
	"container/heap"
	"fmt"
)

// Groups maps labels to the groups that batches are made of.
type Groups struct {
	Of     []int32 // group of each label: the number of its largest label; Unusable for a label without pairs
	Sizes  []int64 // pairs of each group, by group number; 0 where the number is no group
	Merges []Merge // in the order in which they were made
}

// Merge says that a group too small for a block joined another.
type Merge struct {
	Label int32 // the group that went
	Pairs int64 // its pairs
	Into  int32 // the group that it joined
	Total int64 // the pairs of that group afterwards
}

// Count is the number of groups.
func (g *Groups) Count() (n int) {
	for _, size := range g.Sizes {
		if size > 0 {
			n++
		}
	}
	return n
}

// Merged counts the labels with pairs that were no group of their own in the end, and their pairs.
func (g *Groups) Merged(sizes []int64) (labels int, pairs int64) {
	for label, group := range g.Of {
		if group >= 0 && int(group) != label {
			labels++
			pairs += sizes[label]
		}
	}
	return labels, pairs
}

// MergeSmall puts labels with fewer than batch/groups pairs together with their nearest neighbour until every group fills a block;
// no pair is dropped. sizes counts the pairs of each label (Labels.Sizes), stages holds the centroids of stages 0..s-1, oldest first.
//
// The smallest group goes first, the lower number on a tie. Its nearest neighbour is, among the groups that share the most leading
// clusters, the one whose centroid at the first stage where they differ lies nearest (squared Euclidean distance, the lower
// cluster on a tie); among those the same again at each later stage. A group stands where its largest label stands. With fewer
// pairs than two batches a group may lack blocks for its share of each batch (31 pairs are one block of 16, not nearly two); merging
// then goes on until every group has enough.
func MergeSmall(sizes []int64, stages []Centroids, batch, groups int) (*Groups, error) {
	total := int64(0)
	for _, size := range sizes {
		total += size
	}
	if err := checkBatch(total, batch, groups); err != nil {
		return nil, err
	}
	tree, err := newLabelTree(sizes, stages)
	if err != nil {
		return nil, err
	}
	m := merger{tree: tree, into: make([]int32, len(sizes)), result: &Groups{Sizes: append([]int64(nil), sizes...)}}
	for label, size := range sizes {
		m.into[label] = int32(label)
		if size > 0 {
			m.queue = append(m.queue, sized{size, int32(label)})
		}
	}
	heap.Init(&m.queue)
	m.run(func(size int64) int { return lacks(size, total, batch, groups) })
	m.result.Of = m.roots(sizes)
	return m.result, nil
}

// merger is the state of MergeSmall.
type merger struct {
	tree   *labelTree
	queue  bySize  // groups, smallest first; entries whose size is out of date are skipped
	into   []int32 // union-find without ranks: the group that a label joined, itself if it stands
	result *Groups
}

// lacks is 1 for a group of size of total pairs that lacks full blocks for its share of a batch, else 0. A batch takes size*G/total of
// its blocks on average and no pair twice, so at most size/(b/G) of them, rounded down. From two batches of data on one block is enough.
func lacks(size, total int64, batch, groups int) int {
	if size*int64(groups) > size/int64(batch/groups)*total {
		return 1
	}
	return 0
}

// run merges the smallest group as long as there are groups that lack blocks.
func (m *merger) run(lacks func(size int64) int) {
	lacking := 0
	for _, group := range m.queue {
		lacking += lacks(group.size)
	}
	for lacking > 0 {
		small := m.queue[0]
		if m.result.Sizes[small.label] != small.size {
			heap.Pop(&m.queue)
			continue
		}
		heap.Pop(&m.queue)
		m.tree.remove(small.label)
		near, ok := m.tree.nearest(small.label)
		if !ok {
			return // the last group has all pairs, which checkBatch found to be a batch
		}
		sum := small.size + m.result.Sizes[near]
		lacking += lacks(sum) - lacks(small.size) - lacks(m.result.Sizes[near])
		m.result.Sizes[small.label], m.result.Sizes[near] = 0, sum
		m.into[small.label] = near
		m.result.Merges = append(m.result.Merges, Merge{small.label, small.size, near, sum})
		heap.Push(&m.queue, sized{sum, near})
	}
}

// roots follows each label to the group that stands.
func (m *merger) roots(sizes []int64) []int32 {
	of := make([]int32, len(m.into))
	for label := range m.into {
		root := int32(label)
		for m.into[root] != root {
			m.into[root] = m.into[m.into[root]]
			root = m.into[root]
		}
		of[label] = root
		if sizes[label] == 0 {
			of[label] = Unusable
		}
	}
	return of
}

// sized is a group in the queue of merger.
type sized struct {
	size  int64
	label int32
}

type bySize []sized

func (q bySize) Len() int { return len(q) }
func (q bySize) Less(i, j int) bool {
	return q[i].size < q[j].size || q[i].size == q[j].size && q[i].label < q[j].label
}
func (q bySize) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *bySize) Push(x any)   { *q = append(*q, x.(sized)) }
func (q *bySize) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// labelTree holds the labels that stand as the leaves of a tree whose levels are the stages.
type labelTree struct {
	k        int
	live     [][]int32   // [stage+1][prefix]: labels that stand below the prefix of that many clusters
	distance [][]float64 // [stage][K*K]: squared distance between centroids
}

func newLabelTree(sizes []int64, stages []Centroids) (*labelTree, error) {
	if len(stages) == 0 {
		return nil, fmt.Errorf("merge labels: no centroids")
	}
	t := &labelTree{k: stages[0].Clusters}
	count := power(t.k, len(stages))
	if int64(len(sizes)) != count {
		return nil, fmt.Errorf("merge labels: %d sizes for %d clusters over %d stages, want %d", len(sizes), t.k, len(stages), count)
	}
	for s := range len(stages) + 1 {
		t.live = append(t.live, make([]int32, power(t.k, s)))
	}
	for s, c := range stages {
		if c.Clusters != t.k || len(c.Data) != c.Clusters*c.Width || c.Width == 0 {
			return nil, fmt.Errorf("merge labels: centroids of stage %d are %d x %d with %d numbers, want %d clusters", s, c.Clusters, c.Width, len(c.Data), t.k)
		}
		t.distance = append(t.distance, pairDistances(c))
	}
	for label, size := range sizes {
		if size > 0 {
			t.add(int32(label))
		}
	}
	return t, nil
}

func pairDistances(c Centroids) []float64 {
	d := make([]float64, c.Clusters*c.Clusters)
	for i := range c.Clusters {
		for j := range i {
			d[i*c.Clusters+j] = squaredDistance(c.Row(i), c.Row(j))
			d[j*c.Clusters+i] = d[i*c.Clusters+j]
		}
	}
	return d
}

func (t *labelTree) add(label int32)    { t.count(label, 1) }
func (t *labelTree) remove(label int32) { t.count(label, -1) }

func (t *labelTree) count(label, by int32) {
	for s := len(t.live) - 1; s >= 0; s-- {
		t.live[s][label] += by
		label /= int32(t.k)
	}
}

// nearest returns the label in the tree that is nearest to label in the sense of MergeSmall; ok is false if the tree is empty.
// It walks down: where the label's own branch is alive it is taken, else the branch with the nearest centroid.
func (t *labelTree) nearest(label int32) (near int32, ok bool) {
	if t.live[0][0] == 0 {
		return 0, false
	}
	for s, own := range Clusters(label, t.k, len(t.distance)) {
		first := near * int32(t.k)
		if t.live[s+1][first+own] > 0 {
			near = first + own
			continue
		}
		best := int32(-1)
		for c := range int32(t.k) {
			if t.live[s+1][first+c] == 0 {
				continue
			}
			if best < 0 || t.distance[s][int(own)*t.k+int(c)] < t.distance[s][int(own)*t.k+int(best)] {
				best = c
			}
		}
		near = first + best
	}
	return near, true
}
