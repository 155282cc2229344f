package unimodal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train"
)

// The methods.
const (
	SimCLR = "simclr"
	MoCo   = "moco"
)

// What is clustered.
const (
	OnBackbone = "backbone" // the representation, which the probes see
	OnHead     = "head"     // the projection, which the loss sees
)

// Config is an experiment: a base model, stages, and controls that are trained as long on ordinary batches.
type Config struct {
	Method    string  `json:"method"`
	Backbone  string  `json:"backbone"` // conv4, resnet18, resnet50 or vit
	Stem      string  `json:"stem"`     // of a ResNet: "cifar" (3x3, no pooling) or "imagenet"
	Width     int     `json:"width"`    // channels of the first layer; width of a ViT
	Hidden    int     `json:"hidden"`   // of the projection head
	Embed     int     `json:"embed"`    // E
	Tau       float64 `json:"tau"`      // temperature
	Queue     int     `json:"queue"`    // Q, MoCo
	Momentum  float64 `json:"momentum"` // of the key encoder, MoCo
	Bits      int     `json:"bits"`     // random bits that a picture's views share, as channels (RandBit)
	Augment   Augment `json:"augment"`
	Stages    int     `json:"stages"`     // N
	Clusters  int     `json:"clusters"`   // K
	ClusterOn string  `json:"cluster_on"` // OnBackbone or OnHead
	Init      string  `json:"init"`       // weights a stage starts from: "base" or "previous"
	BaseSteps int     `json:"base_steps"`
	Steps     int     `json:"steps"` // of each stage and control
	Control   bool    `json:"control"`

	Train train.Config `json:"train"` // batch, groups, rate, decay and warm-up
	Seed  uint64       `json:"seed"`
}

// DefaultConfig is small: minutes on two cores.
func DefaultConfig() Config {
	t := train.DefaultConfig()
	t.BatchSize, t.Groups, t.LR, t.Beta2, t.Eps, t.WeightDecay, t.Warmup = 128, 8, 1e-3, .999, 1e-8, 1e-4, 20
	return Config{
		Method: SimCLR, Backbone: "conv4", Stem: "cifar", Width: 16, Hidden: 128, Embed: 64, Tau: .2, Queue: 1024, Momentum: .99,
		Augment: DefaultAugment(), Stages: 2, Clusters: 10, ClusterOn: OnHead, Init: "base", BaseSteps: 400, Steps: 200, Control: true,
		Train: t,
	}
}

// Backbones lists the architectures.
var Backbones = []string{"conv4", "resnet18", "resnet50", "vit"}

// Validate names the first setting that cannot be.
func (c Config) Validate() error {
	one := func(flag, value string, of ...string) error {
		if !slices.Contains(of, value) {
			return fmt.Errorf("--%s %q: want %s", flag, value, strings.Join(of, ", "))
		}
		return nil
	}
	for _, err := range []error{
		one("method", c.Method, SimCLR, MoCo), one("backbone", c.Backbone, Backbones...), one("stem", c.Stem, "cifar", "imagenet"),
		one("cluster-on", c.ClusterOn, OnBackbone, OnHead), one("init", c.Init, "base", "previous"), c.Augment.Validate(), c.train(1).Validate(),
	} {
		if err != nil {
			return err
		}
	}
	switch {
	case c.Width < 1 || c.Hidden < 1 || c.Embed < 1:
		return fmt.Errorf("--width %d, --hidden %d and --embed %d must be positive", c.Width, c.Hidden, c.Embed)
	case !(c.Tau > 0):
		return fmt.Errorf("--tau %g: want more than 0", c.Tau)
	case c.Bits < 0 || c.Bits > 24:
		return fmt.Errorf("--bits %d: want 0 to 24", c.Bits)
	case c.Bits > 0 && c.Backbone == "vit":
		return fmt.Errorf("--backbone vit takes no channels beside colours: use conv4 or a ResNet for random bits")
	case c.Method == MoCo && (c.Queue < c.Train.BatchSize || !(c.Momentum >= 0 && c.Momentum < 1)):
		return fmt.Errorf("--queue %d and --momentum %g: want at least a batch of %d keys, and 0 to less than 1", c.Queue, c.Momentum, c.Train.BatchSize)
	case c.BaseSteps < 1 || c.Steps < 1:
		return fmt.Errorf("--base-steps %d, --steps %d: want at least 1", c.BaseSteps, c.Steps)
	case c.Stages < 0:
		return fmt.Errorf("--stages %d: want at least 0", c.Stages)
	}
	return nil
}

// Fits says whether so many pictures can be trained on: there must be a batch of them, and labels that fill blocks.
func (c Config) Fits(pictures int) error {
	if c.Stages == 0 {
		if pictures < c.Train.BatchSize {
			return fmt.Errorf("--batch-size %d: there are only %d pictures", c.Train.BatchSize, pictures)
		}
		return nil
	}
	return mcl.CheckConstraint(int64(pictures), c.Clusters, c.Stages, c.Train.BatchSize, c.Train.Groups)
}

// train is the optimizer's configuration of a phase.
func (c Config) train(steps int) train.Config {
	t := c.Train
	t.Steps = steps
	return t
}
