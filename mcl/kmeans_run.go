package mcl

import (
	"fmt"
	"math"
)

// run is one K-means run: the centroids and what a pass over the features sums up.
type run struct {
	config    KMeansConfig
	centroids Centroids // [K, D]
	before    []float32 // [K, D] centroids at the start of the pass
	passes    int

	sums    []float64 // [K, D] of the rows of each cluster, since the pass or the mini-batch began
	counts  []int64   // rows in sums
	sizes   []int64   // rows of each cluster in this pass
	weights []int64   // mini-batch: rows that each centroid has averaged so far
	batch   int       // mini-batch: rows since the last update
	inertia float64   // of this pass
	far     farthest  // rows for clusters that lose theirs
	still   bool      // the centroids will not move: no sums are needed

	cluster  []int32   // of the rows of a block
	distance []float64 // squared, of the rows of a block
}

func newRun(start Centroids, config KMeansConfig) *run {
	k, d := start.Clusters, start.Width
	return &run{
		config: config, centroids: start,
		before: make([]float32, k*d), sums: make([]float64, k*d), counts: make([]int64, k), weights: make([]int64, k),
	}
}

// pass shows the run all features once. With assign it only measures: the clusters go there and the centroids stay.
func (r *run) pass(features Features, nearest Nearest, assign []int32) error {
	copy(r.before, r.centroids.Data)
	clear(r.sums)
	clear(r.counts)
	r.sizes = make([]int64, r.centroids.Clusters)
	r.inertia, r.batch, r.far = 0, 0, farthest{}
	if err := nearest.Load(r.centroids); err != nil {
		return err
	}
	row, width := int64(0), features.Width()
	for x, err := range features.Blocks() {
		if err != nil {
			return err
		}
		for len(x) > 0 {
			n := len(x) / width
			if r.config.BatchRows > 0 && assign == nil {
				n = min(n, r.config.BatchRows-r.batch)
			}
			if err := r.take(x[:n*width], row, nearest); err != nil {
				return err
			}
			if assign != nil {
				copy(assign[row:], r.cluster)
			} else if err := r.miniBatch(n, nearest); err != nil {
				return err
			}
			row, x = row+int64(n), x[n*width:]
		}
	}
	return checkRows(row, features)
}

// take assigns the rows of x [n, D], the first of which has number row, and adds them up.
func (r *run) take(x []float32, row int64, nearest Nearest) error {
	n := len(x) / r.centroids.Width
	r.cluster, r.distance = resize(r.cluster, n), resize(r.distance, n)
	if err := nearest.Assign(x, r.cluster); err != nil {
		return err
	}
	distances(x, r.centroids, r.cluster, r.distance)
	sum := 0.0
	for _, distance := range r.distance {
		sum += distance
	}
	if math.IsInf(sum, 0) || math.IsNaN(sum) {
		if at := firstNotFinite(x); at >= 0 {
			return notFinite(row + int64(at/r.centroids.Width))
		}
		return fmt.Errorf("the distances of rows %d to %d are not finite", row, row+int64(n)-1)
	}
	for i, c := range r.cluster {
		r.counts[c]++
		r.sizes[c]++
		r.inertia += r.distance[i]
		r.far.offer(r.distance[i], row+int64(i), c, x[i*r.centroids.Width:(i+1)*r.centroids.Width])
	}
	if !r.still {
		addRows(r.sums, x, r.cluster, r.centroids.Width)
	}
	return nil
}

// miniBatch moves the centroids after every BatchRows rows: each to the mean of all rows it was given so far.
func (r *run) miniBatch(n int, nearest Nearest) error {
	r.batch += n
	if r.config.BatchRows == 0 || r.batch < r.config.BatchRows {
		return nil
	}
	r.moveByBatch()
	r.batch = 0
	return nearest.Load(r.centroids)
}

func (r *run) moveByBatch() {
	d := r.centroids.Width
	for c, count := range r.counts {
		if count == 0 {
			continue
		}
		r.weights[c] += count
		rate := 1 / float64(r.weights[c])
		centre := r.centroids.Row(c)
		for j, sum := range r.sums[c*d : (c+1)*d] {
			old := float64(centre[j])
			centre[j] = float32(old + rate*(sum-float64(count)*old))
		}
		r.scale(centre)
	}
	clear(r.sums)
	clear(r.counts)
}

// update ends a pass: it moves the centroids and returns the square of their shift since the pass began, infinite if a cluster was
// seeded anew.
func (r *run) update() float64 {
	r.passes++
	if r.config.BatchRows > 0 {
		r.moveByBatch()
	}
	seeded := r.reseed()
	if r.config.BatchRows == 0 {
		r.moveToMeans()
	}
	if seeded {
		return math.Inf(1)
	}
	return squaredDistance(r.before, r.centroids.Data)
}

// moveToMeans moves each centroid to the mean of its rows. One without rows stays.
func (r *run) moveToMeans() {
	d := r.centroids.Width
	for c, count := range r.counts {
		if count == 0 {
			continue
		}
		centre := r.centroids.Row(c)
		for j, sum := range r.sums[c*d : (c+1)*d] {
			centre[j] = float32(sum / float64(count))
		}
		r.scale(centre)
	}
}

func (r *run) scale(centre []float32) {
	if r.config.Spherical {
		normalizeRow(centre)
	}
}

// reseed gives each cluster without rows the row that lies farthest from its own centroid, as scikit-learn does.
func (r *run) reseed() (seeded bool) {
	d := r.centroids.Width
	candidates := r.far.descending()
	for c, size := range r.sizes {
		for size == 0 && len(candidates) > 0 {
			p := candidates[0]
			candidates = candidates[1:]
			if r.sizes[p.cluster] < 2 {
				continue
			}
			r.sizes[p.cluster]--
			r.sizes[c], size, seeded = 1, 1, true
			copy(r.centroids.Row(c), p.vector)
			r.weights[c] = 1
			if r.config.BatchRows > 0 {
				continue
			}
			r.counts[p.cluster]--
			r.counts[c] = 1
			for j, v := range p.vector {
				r.sums[int(p.cluster)*d+j] -= float64(v)
				r.sums[c*d+j] = float64(v)
			}
		}
	}
	return seeded
}
