package mcl

import (
	"fmt"
	"math"
)

// KMeansConfig says how features are clustered.
type KMeansConfig struct {
	Clusters       int     `json:"-"`                 // K; of a run: Config.Clusters
	Starts         int     `json:"starts"`            // seedings, of which the one with the lowest inertia is kept (scikit-learn's n_init)
	SampleRows     int     `json:"sample_rows"`       // up to so many rows, and up to 32 K, the starts run on all; more are clustered by a sample of at least so many
	RowsPerCluster int     `json:"rows_per_cluster"`  // times K: rows of the sample where these are more and sampleFloats allows them
	MaxPasses      int     `json:"max_passes"`        // updates over all features at most (max_iter)
	Tolerance      float64 `json:"tolerance"`         // passes end when the centroids' squared shift is at most this times the features' mean variance (tol)
	MinGain        float64 `json:"min_gain"`          // with more rows than the sample holds, all features update the centroids only while this lowers the inertia by such a share
	BatchRows      int     `json:"batch_rows"`        // 0: Lloyd's algorithm; else passes are mini-batch K-means (Sculley 2010), an update every BatchRows rows
	Balance        float64 `json:"balance,omitempty"` // above 0: no cluster holds more than Balance M / K rows
	Spherical      bool    `json:"spherical"`         // centroids are scaled to length 1 after each update; for features of length 1
	Seed           uint64  `json:"-"`                 // of a run: it follows from Config.Seed and the stage
}

// DefaultKMeansConfig returns the paper's K and otherwise the settings of scikit-learn's KMeans with 10 starts, but for large data:
// the centroids of a sample with 1,000 rows a cluster are 0.1 % of the inertia from those of all rows, which one more pass would gain.
func DefaultKMeansConfig() KMeansConfig {
	return KMeansConfig{Clusters: 10, Starts: 10, SampleRows: 1 << 15, RowsPerCluster: 1000, MaxPasses: 300, Tolerance: 1e-4, MinGain: 1e-2}
}

// Validate checks the settings.
func (c KMeansConfig) Validate() error {
	switch {
	case c.Clusters < 2:
		return fmt.Errorf("k-means: %d clusters, want at least 2", c.Clusters)
	case c.Starts < 1:
		return fmt.Errorf("k-means: %d starts, want at least 1", c.Starts)
	case c.SampleRows < 0:
		return fmt.Errorf("k-means: a sample of %d rows", c.SampleRows)
	case c.RowsPerCluster < 0:
		return fmt.Errorf("k-means: a sample of %d rows a cluster", c.RowsPerCluster)
	case c.MaxPasses < 1:
		return fmt.Errorf("k-means: at most %d passes, want at least 1", c.MaxPasses)
	case c.Tolerance < 0 || math.IsNaN(c.Tolerance):
		return fmt.Errorf("k-means: tolerance %g is negative", c.Tolerance)
	case !(c.MinGain >= 0 && c.MinGain < 1):
		return fmt.Errorf("k-means: least gain %g, want 0 to less than 1", c.MinGain)
	case c.Balance != 0 && !(c.Balance >= 1 && !math.IsInf(c.Balance, 0)):
		return fmt.Errorf("--balance %g: want 0 (clusters of any size) or at least 1, for K clusters of less than M / K rows cannot hold all", c.Balance)
	case c.BatchRows < 0:
		return fmt.Errorf("k-means: mini-batches of %d rows", c.BatchRows)
	}
	return nil
}

// Clustering is what K-means found.
type Clustering struct {
	Centroids
	Assign  []int32 // cluster of each row
	Sizes   []int64 // rows of each cluster; 0 only where there are fewer different rows than clusters
	Inertia float64 // sum over the rows of the squared distance to their centroid
	Passes  int     // updates over all features
}

// KMeans puts features into K clusters: Assign is c(s) when they are those of stage s's model.
//
// Up to SampleRows rows are held in memory: each start is seeded by greedy k-means++ (Arthur and Vassilvitskii 2007, with
// scikit-learn's number of trials) and run to its end by Lloyd's algorithm, and the best one is the result. More rows are
// clustered by a sample (clusterLarge), of up to 512 MB where SampleRows and 32 K rows take no more, and one pass over all of
// them gives each its cluster. Beside 4 bytes a row only the sample is in memory. A cluster that loses all its rows takes the
// row that lies farthest from its centroid. The same features, settings and Nearest give the same result.
func KMeans(features Features, nearest Nearest, config KMeansConfig) (*Clustering, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if int64(config.Clusters) > features.Len() {
		return nil, fmt.Errorf("k-means: --clusters %d for %d rows: at most one cluster a row", config.Clusters, features.Len())
	}
	do := clusterWhole
	if features.Len() > int64(max(config.SampleRows, 32*config.Clusters)) {
		do = clusterLarge
	}
	c, err := do(features, nearest, config)
	if err != nil {
		return nil, fmt.Errorf("k-means: %w", err)
	}
	return c, nil
}

// clusterWhole holds all features in memory.
func clusterWhole(features Features, nearest Nearest, config KMeansConfig) (*Clustering, error) {
	all, err := readAll(features)
	if err != nil {
		return nil, err
	}
	variance, equal := spread(all)
	if equal {
		return nil, fmt.Errorf("all %d feature rows are equal: there is nothing to cluster", all.Len())
	}
	stop := config.Tolerance * variance
	best, err := bestStart(all, nearest, config, greedyTrials(config.Clusters), stop)
	if err == nil && config.BatchRows > 0 {
		best, err = byMiniBatches(best, features, nearest, config, stop)
	}
	if err != nil {
		return nil, err
	}
	return improveCapped(all, nearest, best, config)
}

// byMiniBatches goes on from centroids by passes of mini-batches over all features.
func byMiniBatches(from *Clustering, features Features, nearest Nearest, config KMeansConfig, stop float64) (*Clustering, error) {
	run := newRun(from.Centroids, config)
	copy(run.weights, from.Sizes)
	if err := run.refine(features, nearest, stop, 0); err != nil {
		return nil, err
	}
	return run.finish(features, nearest)
}

// bestStart runs every start on the sample by Lloyd's algorithm.
func bestStart(sample *Matrix, nearest Nearest, config KMeansConfig, trials int, stop float64) (best *Clustering, err error) {
	config.BatchRows = 0
	for start := range config.Starts {
		run := newRun(plusPlus(sample, config, start, trials), config)
		if err := run.refine(sample, nearest, stop, 0); err != nil {
			return nil, err
		}
		c, err := run.finish(sample, nearest)
		if err != nil {
			return nil, err
		}
		if best == nil || c.Inertia < best.Inertia {
			best = c
		}
	}
	return best, nil
}

// refine updates the centroids, pass after pass, until they shift no more than stop, or a pass has lowered the inertia by less than
// the share gain.
func (r *run) refine(features Features, nearest Nearest, stop, gain float64) error {
	before := math.Inf(1)
	for r.passes < r.config.MaxPasses {
		if err := r.pass(features, nearest, nil); err != nil {
			return err
		}
		shift := r.update()
		if shift <= stop || r.inertia > (1-gain)*before && !math.IsInf(shift, 1) {
			return nil
		}
		before = r.inertia
	}
	return nil
}

// finish assigns every row to its nearest centroid.
func (r *run) finish(features Features, nearest Nearest) (*Clustering, error) {
	assign := make([]int32, features.Len())
	if err := r.pass(features, nearest, assign); err != nil {
		return nil, err
	}
	return &Clustering{Centroids: r.centroids, Assign: assign, Sizes: r.sizes, Inertia: r.inertia, Passes: r.passes}, nil
}
