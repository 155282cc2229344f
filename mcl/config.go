package mcl

import (
	"fmt"
	"math"

	"github.com/mclclip/mclclip/train"
)

// Config is a run of Multistage Contrastive Learning.
type Config struct {
	Stages    int    `json:"stages"`     // N, models trained after the base model
	Clusters  int    `json:"clusters"`   // K
	ClusterOn string `json:"cluster_on"` // what is clustered: "image" (the paper), "text", or "both": the product of the two, K^2
	Init      string `json:"init"`       // where a stage starts: "base" (the base model's weights) or "previous"
	Negatives string `json:"negatives"`  // "cluster" (the paper), or "random": ordinary batches, the control alone
	Control   bool   `json:"control"`    // also train as many models on ordinary batches, for a fair comparison

	Base  train.Config `json:"base"`  // training of the base model; Steps 0 takes it as it is
	Train train.Config `json:"train"` // training of each stage and of each control
	Lock  Lock         `json:"lock"`

	Tau      float64 `json:"tau,omitempty"` // temperature that stages and controls start from; 0: the one of the weights
	AugScale float64 `json:"aug_scale"`     // smallest share of an image's area that the random crop of training keeps

	KMeans KMeansConfig `json:"kmeans"`
	Seed   uint64       `json:"seed"`

	Workers int   `json:"-"` // goroutines that decode images; 0: one a processor
	Buffer  int64 `json:"-"` // bytes of undecoded pairs that wait in memory; what is over waits on disk
}

// DefaultConfig returns the paper's settings where they suit a machine with one device: K = 10, three stages from the base
// weights; batches of four labels with the loss masked to each anchor's own (see docs/paper.md).
func DefaultConfig() Config {
	c := Config{
		Stages: 3, Clusters: 10, ClusterOn: onImage, Init: "base", Negatives: "cluster", AugScale: 0.9,
		Base: train.DefaultConfig(), Train: train.DefaultConfig(), KMeans: DefaultKMeansConfig(),
		Buffer: 1 << 30,
	}
	c.Train.Groups = 4
	return c
}

// Validate names the first setting that cannot be.
func (c Config) Validate() error {
	switch {
	case c.Stages < 0:
		return fmt.Errorf("--stages %d: want at least 0", c.Stages)
	case c.Clusters < 2 && c.Stages > 0:
		return fmt.Errorf("--clusters %d: want at least 2", c.Clusters)
	case c.Init != "base" && c.Init != "previous":
		return fmt.Errorf("--init %q: want base or previous", c.Init)
	case c.Negatives != "cluster" && c.Negatives != "random":
		return fmt.Errorf("--negatives %q: want cluster or random", c.Negatives)
	case c.Stages > 0 && c.Train.Steps < 1:
		return fmt.Errorf("--steps %d: want at least 1 step a stage", c.Train.Steps)
	case c.Tau != 0 && !(c.Tau >= 0.01 && c.Tau <= 1):
		return fmt.Errorf("--tau %g: want 0.01 to 1, or 0 for the temperature of the weights", c.Tau)
	case !(c.AugScale > 0 && c.AugScale <= 1):
		return fmt.Errorf("--aug-scale %g: want more than 0 and at most 1", c.AugScale)
	case !(c.Base.LR > 0) || math.IsInf(c.Base.LR, 0):
		return fmt.Errorf("--base-lr %g: want a number above 0", c.Base.LR)
	case c.Base.Steps < 0:
		return fmt.Errorf("--base-steps %d: want at least 0", c.Base.Steps)
	case c.Workers < 0:
		return fmt.Errorf("--workers %d: want at least 0", c.Workers)
	case c.Buffer < 1<<20:
		return fmt.Errorf("--buffer: want at least 1 MB")
	}
	for _, check := range []func() error{c.Lock.validate, c.checkViews, c.Train.Validate, c.Base.Validate, func() error { return c.Lock.clashes(c.Train.Preserve) }} {
		if err := check(); err != nil {
			return err
		}
	}
	return c.kmeans(0).Validate()
}

// kmeans returns the settings of the clustering of a stage's features.
func (c Config) kmeans(stage int) KMeansConfig {
	k := c.KMeans
	k.Clusters = c.Clusters
	k.Seed = c.Seed + uint64(stage)
	return k
}

// Check refuses data that are too few for the settings, before anything expensive is done.
func (c Config) Check(usable int64) error {
	b := int64(max(c.Train.GlobalBatch(), c.Base.GlobalBatch()))
	if usable < b {
		return fmt.Errorf("the data hold %d usable pairs, fewer than one batch of %d; lower --batch-size", usable, b)
	}
	if c.Stages == 0 || c.Negatives == "random" {
		return nil
	}
	return checkConstraint(usable, c.Clusters, len(c.views()), c.Stages, c.Train.GlobalBatch(), c.Train.Groups)
}
