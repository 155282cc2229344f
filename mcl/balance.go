package mcl

import (
	"cmp"
	"container/heap"
	"slices"
)

// Passes over the sample that move capped clusters' centroids end when one lowers the inertia by less than cappedGain, or after
// cappedPasses.
const (
	cappedGain   = 1e-3
	cappedPasses = 10
)

// sizeLimit is the most rows that a cluster may hold: Balance M / K, but at least as many as hold all rows.
func (c KMeansConfig) sizeLimit(rows int64) int64 {
	if c.Balance == 0 {
		return rows
	}
	k := int64(c.Clusters)
	return max(int64(c.Balance*float64(rows)/float64(k)), (rows+k-1)/k)
}

// improveCapped caps the clusters of features in memory and goes on by Lloyd's algorithm with capped assignments while that gains.
func improveCapped(m *Matrix, nearest Nearest, best *Clustering, config KMeansConfig) (*Clustering, error) {
	limit := config.sizeLimit(m.Len())
	if slices.Max(best.Sizes) <= limit {
		return best, nil
	}
	if err := best.limit(m, nearest, limit); err != nil {
		return nil, err
	}
	config.BatchRows = 0
	for range cappedPasses {
		run := newRun(best.copied(), config)
		addRows(run.sums, m.Data, best.Assign, m.Columns)
		copy(run.counts, best.Sizes)
		run.moveToMeans()
		next, err := run.finish(m, nearest)
		if err != nil {
			return nil, err
		}
		if err := next.limit(m, nearest, limit); err != nil {
			return nil, err
		}
		next.Passes = best.Passes + 1
		if next.Inertia >= best.Inertia {
			return best, nil
		}
		done := next.Inertia > (1-cappedGain)*best.Inertia
		if best = next; done {
			break
		}
	}
	return best, nil
}

// limit moves rows out of clusters that hold more than limit rows, which must leave room for all: those first that lose least by it, each to
// the nearest centroid whose cluster has room. Where several clusters run over into one that fills up meanwhile, the rest
// goes on in another round, of which there are no more than clusters, for each but the last fills one. Beside the features, the
// rows to move alone are in memory.
func (c *Clustering) limit(features Features, nearest Nearest, limit int64) error {
	for slices.Max(c.Sizes) > limit {
		moves, err := c.cheapestMoves(features, nearest, limit)
		if err != nil {
			return err
		}
		for _, m := range moves {
			if from := c.Assign[m.row]; c.Sizes[from] > limit && c.Sizes[m.to] < limit {
				c.Sizes[from]--
				c.Sizes[m.to]++
				c.Assign[m.row] = m.to
				c.Inertia += m.cost
			}
		}
	}
	return nil
}

// cheapestMoves returns for each cluster that is too large the moves of as many rows as it has too many, cheapest first.
func (c *Clustering) cheapestMoves(features Features, nearest Nearest, limit int64) ([]move, error) {
	roomy, number := c.withRoom(limit)
	if err := nearest.Load(roomy); err != nil {
		return nil, err
	}
	cheapest := make([]moveHeap, c.Clusters)
	var crowd crowd
	row, d := int64(0), features.Width()
	for x, err := range features.Blocks() {
		if err != nil {
			return nil, err
		}
		n := int64(len(x) / d)
		crowd.gather(x, c.Assign[row:row+n], row, func(cluster int32) bool { return c.Sizes[cluster] > limit })
		if err := crowd.measure(nearest, roomy, c.Centroids); err != nil {
			return nil, err
		}
		for i, r := range crowd.rows {
			from := crowd.own[i]
			cheapest[from].offer(move{cost: crowd.away[i] - crowd.here[i], row: r, to: number[crowd.next[i]]}, int(c.Sizes[from]-limit))
		}
		row += n
	}
	moves := slices.Concat(cheapest...)
	slices.SortFunc(moves, move.compare)
	return moves, checkRows(row, features)
}

// withRoom returns the centroids whose clusters may take rows, and their numbers.
func (c *Clustering) withRoom(limit int64) (roomy Centroids, number []int32) {
	roomy.Width = c.Width
	for k, size := range c.Sizes {
		if size < limit {
			roomy.Data = append(roomy.Data, c.Row(k)...)
			number = append(number, int32(k))
		}
	}
	roomy.Clusters = len(number)
	return roomy, number
}

// crowd are the rows of a block that are in clusters with too many, n of them.
type crowd struct {
	x          []float32 // [n, D]
	rows       []int64
	own, next  []int32   // their clusters, and among those with room the nearest
	here, away []float64 // squared distances to both
}

func (c *crowd) gather(x []float32, assign []int32, first int64, full func(cluster int32) bool) {
	c.x, c.rows, c.own = c.x[:0], c.rows[:0], c.own[:0]
	d := len(x) / len(assign)
	for i := range assign {
		if full(assign[i]) {
			c.x = append(c.x, x[i*d:(i+1)*d]...)
			c.rows = append(c.rows, first+int64(i))
			c.own = append(c.own, assign[i])
		}
	}
}

func (c *crowd) measure(nearest Nearest, roomy, all Centroids) error {
	n := len(c.rows)
	c.next, c.here, c.away = resize(c.next, n), resize(c.here, n), resize(c.away, n)
	if n == 0 {
		return nil
	}
	if err := nearest.Assign(c.x, c.next); err != nil {
		return err
	}
	distances(c.x, all, c.own, c.here)
	distances(c.x, roomy, c.next, c.away)
	return nil
}

// move takes a row to another cluster; cost is what the inertia gains by it.
type move struct {
	cost float64
	row  int64
	to   int32
}

func (m move) compare(o move) int {
	return cmp.Or(cmp.Compare(m.cost, o.cost), cmp.Compare(m.row, o.row))
}

// moveHeap keeps the cheapest moves, the dearest of them on top.
type moveHeap []move

func (h moveHeap) Len() int           { return len(h) }
func (h moveHeap) Less(i, j int) bool { return h[i].compare(h[j]) > 0 }
func (h moveHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *moveHeap) Push(m any)        { *h = append(*h, m.(move)) }
func (h *moveHeap) Pop() any          { last := (*h)[len(*h)-1]; *h = (*h)[:len(*h)-1]; return last }

func (h *moveHeap) offer(m move, most int) {
	switch {
	case h.Len() < most:
		heap.Push(h, m)
	case m.compare((*h)[0]) < 0:
		(*h)[0] = m
		heap.Fix(h, 0)
	}
}
