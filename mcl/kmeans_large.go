package mcl

import (
	"fmt"
	"math"
	"runtime"
	"slices"
)

// sampleFloats bounds RowsPerCluster's part of the sample of large data: 512 MB. SampleRows and 32 K rows, with fewer of which a centroid would
// be the mean of hardly anything, are drawn whatever they take: with K = 100,000 and 768 columns 9.8 GB.
const sampleFloats = 1 << 27

// Bounds of the starts' rows: a first look at the data, which is cheap and need not be exact.
const (
	startRows           = 4096
	startRowsPerCluster = 16
	startPasses         = 10
)

// startsWork bounds the multiplications of all starts; with many clusters, where one start is nearly as good as another, there are fewer.
const startsWork = 1 << 36

// sampleGain ends the passes over the sample, growthGain those over its beginnings.
const (
	sampleGain = 1e-3
	growthGain = 1e-2
)

// clusterLarge clusters a sample and gives all features the nearest of its centroids. The starts are compared on a small part of the
// sample; from the best of them Lloyd's algorithm goes on over parts that grow fourfold, so that most passes are over few rows
// (as in the nested mini-batches of Newling and Fleuret 2016). Passes over all features follow only where these would gain
// MinGain.
func clusterLarge(features Features, nearest Nearest, config KMeansConfig) (*Clustering, error) {
	n := min(config.RowsPerCluster*config.Clusters, sampleFloats/features.Width())
	sample, err := drawSample(features, int64(max(n, config.SampleRows, 32*config.Clusters)), config.Seed)
	if err != nil {
		return nil, err
	}
	variance, equal := spread(sample)
	if equal {
		if equal, err = allEqual(features); err != nil {
			return nil, err
		}
		if equal {
			return nil, fmt.Errorf("all %d feature rows are equal: there is nothing to cluster", features.Len())
		}
	}
	stop := config.Tolerance * variance
	best, err := clusterSample(sample, nearest, config, stop)
	if err != nil {
		return nil, err
	}
	if best, err = improveCapped(sample, nearest, best, config); err != nil {
		return nil, err
	}
	if config.BatchRows > 0 {
		best, err = byMiniBatches(best, features, nearest, config, stop)
	} else {
		best, err = newRun(best.Centroids, config).overAll(features, nearest, expectedExcess(config.Clusters, sample.Len()))
	}
	if err != nil {
		return nil, err
	}
	return best, best.limit(features, nearest, config.sizeLimit(features.Len()))
}

// clusterSample clusters the sample, from its first rows to all of it.
func clusterSample(sample *Matrix, nearest Nearest, config KMeansConfig, stop float64) (*Clustering, error) {
	config.BatchRows = 0
	rows := min(int(sample.Len()), max(startRows, startRowsPerCluster*config.Clusters))
	part := func() *Matrix { return &Matrix{Data: sample.Data[:rows*sample.Columns], Columns: sample.Columns} }
	best, err := firstStart(part(), nearest, config)
	if err != nil {
		return nil, err
	}
	run := newRun(best.Centroids, config)
	for ; rows < int(sample.Len()); rows = min(4*rows, int(sample.Len())) {
		if err := run.refine(part(), nearest, stop, growthGain); err != nil {
			return nil, err
		}
	}
	if err := run.refine(sample, nearest, stop, sampleGain); err != nil {
		return nil, err
	}
	if config.Balance == 0 {
		return &Clustering{Centroids: run.centroids, Sizes: run.sizes}, nil
	}
	return run.finish(sample, nearest)
}

// firstStart runs the starts on the first rows of the sample and returns the best. Many clusters have one start only, seeded by plain
// k-means++.
func firstStart(part *Matrix, nearest Nearest, config KMeansConfig) (*Clustering, error) {
	trials, each := greedyTrials(config.Clusters), part.Columns*config.Clusters
	config.Starts = max(1, min(config.Starts, startsWork/(each*startPasses*int(part.Len()))))
	if each*8*config.Clusters > seedingWork {
		trials = 1
	}
	config.MaxPasses = min(config.MaxPasses, startPasses)
	return bestStart(part, nearest, config, trials, 0)
}

// overAll gives all features their cluster. With excess, the share by which a pass that updates the centroids is expected to lower the
// inertia, above MinGain, and while such a pass does, it updates them. Clusters without rows are seeded anew.
func (r *run) overAll(features Features, nearest Nearest, excess float64) (*Clustering, error) {
	r.passes = 0
	runtime.GC() // the sample and what earlier stages left would else stay beside what comes now
	assign := make([]int32, features.Len())
	again := func() bool { return excess > r.config.MinGain || slices.Contains(r.sizes, 0) && len(r.far.points) > 0 }
	r.still = excess <= r.config.MinGain // no sums are needed for now
	for before := math.Inf(1); ; {
		if err := r.pass(features, nearest, assign); err != nil {
			return nil, err
		}
		if !math.IsInf(before, 1) {
			excess = 1 - r.inertia/before
		}
		if !again() || r.passes == r.config.MaxPasses {
			return &Clustering{Centroids: r.centroids, Assign: assign, Sizes: r.sizes, Inertia: r.inertia, Passes: r.passes}, nil
		}
		if r.still {
			r.still = false
			continue
		}
		before = r.inertia
		r.update()
	}
}
