package mcl

import (
	"fmt"
	"math"
)

// KMeansConfig says how features are clustered.
type KMeansConfig struct {
	Clusters   int     `json:"-"`           // K; of a run: Config.Clusters
	Starts     int     `json:"starts"`      // seedings, of which the one with the lowest inertia is kept (scikit-learn's n_init)
	SampleRows int     `json:"sample_rows"` // rows on which the starts are compared; at least 32 K rows are taken, all if there are fewer
	MaxPasses  int     `json:"max_passes"`  // passes over all features at most (max_iter)
	Tolerance  float64 `json:"tolerance"`   // passes end when the centroids' squared shift is at most this times the features' mean variance (tol)
	MinGain    float64 `json:"min_gain"`    // with more rows than the sample holds, passes also end when one lowers the inertia by less than this share
	BatchRows  int     `json:"batch_rows"`  // 0: Lloyd's algorithm; else passes are mini-batch K-means (Sculley 2010), an update every BatchRows rows
	Spherical  bool    `json:"spherical"`   // centroids are scaled to length 1 after each update; for features of length 1
	Seed       uint64  `json:"-"`           // of a run: it follows from Config.Seed and the stage
}

// DefaultKMeansConfig returns the paper's K and otherwise the settings of scikit-learn's KMeans with 10 starts, but for MinGain:
// the passes that it saves lower the inertia of large data by some 0.1 % in all.
func DefaultKMeansConfig() KMeansConfig {
	return KMeansConfig{Clusters: 10, Starts: 10, SampleRows: 1 << 15, MaxPasses: 300, Tolerance: 1e-4, MinGain: 1e-4}
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
	case c.MaxPasses < 1:
		return fmt.Errorf("k-means: at most %d passes, want at least 1", c.MaxPasses)
	case c.Tolerance < 0 || math.IsNaN(c.Tolerance):
		return fmt.Errorf("k-means: tolerance %g is negative", c.Tolerance)
	case !(c.MinGain >= 0 && c.MinGain < 1):
		return fmt.Errorf("k-means: least gain %g, want 0 to less than 1", c.MinGain)
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
// Each start is seeded by greedy k-means++ (Arthur and Vassilvitskii 2007, with scikit-learn's number of trials) and run to its end by
// Lloyd's algorithm on a random sample of bounded size; the best one goes on over all features, which takes few passes from
// there. Where the sample is the whole, this is K-means with several starts. Beside 4 bytes a row only the sample is in
// memory. A cluster that loses all its rows takes the row that lies farthest from its centroid. The same features, settings
// and Nearest give the same result.
func KMeans(features Features, nearest Nearest, config KMeansConfig) (*Clustering, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if int64(config.Clusters) > features.Len() {
		return nil, fmt.Errorf("k-means: --clusters %d for %d rows: at most one cluster a row", config.Clusters, features.Len())
	}
	c, err := cluster(features, nearest, config)
	if err != nil {
		return nil, fmt.Errorf("k-means: %w", err)
	}
	return c, nil
}

func cluster(features Features, nearest Nearest, config KMeansConfig) (*Clustering, error) {
	seen, err := survey(features, config)
	if err != nil {
		return nil, err
	}
	stop := config.Tolerance * seen.variance
	whole, gain := seen.sample.Len() == features.Len(), config.MinGain
	if whole {
		gain = 0 // cheap enough to go to the end
	}
	best, err := bestStart(seen.sample, nearest, config, stop, gain)
	if err != nil {
		return nil, err
	}
	if whole && config.BatchRows == 0 {
		return best, nil
	}
	run := newRun(best.Centroids, config)
	copy(run.weights, best.Sizes)
	if err := run.refine(features, nearest, stop, gain); err != nil {
		return nil, err
	}
	return run.finish(features, nearest)
}

// bestStart runs every start on the sample.
func bestStart(sample *Matrix, nearest Nearest, config KMeansConfig, stop, gain float64) (best *Clustering, err error) {
	config.BatchRows = 0
	for start := range config.Starts {
		run := newRun(plusPlus(sample, config, start), config)
		if err := run.refine(sample, nearest, stop, gain); err != nil {
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
