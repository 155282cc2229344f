package vision

import "fmt"

// Config is the vision_cfg of open_clip's model configurations.
type Config struct {
	ImageSize int     `json:"image_size"` // S, pixels
	Layers    int     `json:"layers"`
	Width     int     `json:"width"`      // D
	HeadWidth int     `json:"head_width"` // D / heads
	MLPRatio  float64 `json:"mlp_ratio"`  // hidden width of the MLP over D
	PatchSize int     `json:"patch_size"` // p, pixels
}

// DefaultConfig is what open_clip takes for the keys that a configuration does not name.
func DefaultConfig() Config {
	return Config{ImageSize: 224, Layers: 12, Width: 768, HeadWidth: 64, MLPRatio: 4, PatchSize: 16}
}

// Validate says what no tower can be made of.
func (c Config) Validate() error {
	switch {
	case c.ImageSize < 1, c.PatchSize < 1, c.Layers < 1, c.Width < 1, c.HeadWidth < 1, c.MLPRatio <= 0:
		return fmt.Errorf("image_size %d, patch_size %d, layers %d, width %d, head_width %d and mlp_ratio %g must be positive",
			c.ImageSize, c.PatchSize, c.Layers, c.Width, c.HeadWidth, c.MLPRatio)
	case c.PatchSize > c.ImageSize:
		return fmt.Errorf("patch_size %d is larger than image_size %d", c.PatchSize, c.ImageSize)
	case c.Width%c.HeadWidth != 0:
		return fmt.Errorf("width %d is not a multiple of head_width %d", c.Width, c.HeadWidth)
	}
	return nil
}
