package vision

import (
	"fmt"

	"github.com/mclclip/mclclip/internal/nn"
)

// Config is the vision_cfg of open_clip's model configurations. Where Stages is set it is that of a ResNet, which has no
// Layers, PatchSize and MLPRatio.
type Config struct {
	ImageSize int     `json:"image_size"` // S, pixels
	Layers    int     `json:"layers"`     // blocks of a ViT
	Width     int     `json:"width"`      // D of a ViT; channels after the stem of a ResNet
	HeadWidth int     `json:"head_width"` // D / heads; of a ResNet 32 times the width over the heads
	MLPRatio  float64 `json:"mlp_ratio"`  // hidden width of the MLP over D
	PatchSize int     `json:"patch_size"` // p, pixels
	Stages    [4]int  `json:"-"`          // bottleneck blocks of each stage of a ResNet; "layers" in JSON

	Pool       string               `json:"pool_type,omitempty"`  // PoolMAP; "" takes the class token of a ViT
	Norm       nn.NormOptions       `json:"norm_kwargs,omitzero"` // of a ViT
	Activation nn.ActivationOptions `json:"act_kwargs,omitzero"`  // of a ViT
}

// PoolMAP is the multi-head attention pooling of SigLIP, whose ViT has no class token.
const PoolMAP = "map"

// DefaultConfig is what open_clip takes for the keys that a configuration does not name.
func DefaultConfig() Config {
	return Config{ImageSize: 224, Layers: 12, Width: 768, HeadWidth: 64, MLPRatio: 4, PatchSize: 16}
}

// ResNet tells whether the configuration is that of a ResNet.
func (c Config) ResNet() bool { return c.Stages != [4]int{} }

// Validate says what no tower can be made of.
func (c Config) Validate() error {
	if c.ResNet() {
		return c.validateResNet()
	}
	switch {
	case c.ImageSize < 1, c.PatchSize < 1, c.Layers < 1, c.Width < 1, c.HeadWidth < 1, c.MLPRatio <= 0:
		return fmt.Errorf("image_size %d, patch_size %d, layers %d, width %d, head_width %d and mlp_ratio %g must be positive",
			c.ImageSize, c.PatchSize, c.Layers, c.Width, c.HeadWidth, c.MLPRatio)
	case c.PatchSize > c.ImageSize:
		return fmt.Errorf("patch_size %d is larger than image_size %d", c.PatchSize, c.ImageSize)
	case c.Width%c.HeadWidth != 0:
		return fmt.Errorf("width %d is not a multiple of head_width %d", c.Width, c.HeadWidth)
	case c.Pool != "" && c.Pool != PoolMAP:
		return fmt.Errorf("pool_type is %q; want %s, or none for the class token", c.Pool, PoolMAP)
	}
	return c.Activation.Validate()
}

// Heads is the number of attention heads of a ViT's blocks or of a ResNet's pooling.
func (c Config) Heads() int {
	if c.ResNet() {
		return c.features() / c.HeadWidth
	}
	return c.Width / c.HeadWidth
}

func (c Config) validateResNet() error {
	for _, blocks := range c.Stages {
		if blocks < 1 {
			return fmt.Errorf("layers %v: each stage needs a block", c.Stages)
		}
	}
	switch {
	case c.ImageSize < 1, c.Width < 1, c.HeadWidth < 1:
		return fmt.Errorf("image_size %d, width %d and head_width %d must be positive", c.ImageSize, c.Width, c.HeadWidth)
	case c.ImageSize%reduction != 0:
		return fmt.Errorf("image_size %d is not a multiple of %d, by which a ResNet reduces it", c.ImageSize, reduction)
	case c.Width%2 != 0:
		return fmt.Errorf("width %d of a ResNet is not even", c.Width)
	case c.features()%c.HeadWidth != 0:
		return fmt.Errorf("%d features (32 times the width) are not a multiple of head_width %d", c.features(), c.HeadWidth)
	}
	return nil
}

// reduction is the side of an image over the side of a ResNet's last feature map.
const reduction = 32

// features is the number of channels of a ResNet's last feature map.
func (c Config) features() int { return 32 * c.Width }
