package text

import "fmt"

// Config is the text_cfg of open_clip's model configurations.
type Config struct {
	ContextLength int     `json:"context_length"` // tokens, with start and end
	VocabSize     int     `json:"vocab_size"`     // V; the highest id ends a caption
	Width         int     `json:"width"`          // D
	Heads         int     `json:"heads"`
	Layers        int     `json:"layers"`
	MLPRatio      float64 `json:"mlp_ratio"` // hidden width of the MLP over D
}

// DefaultConfig is what open_clip takes for the keys that a configuration does not name.
func DefaultConfig() Config {
	return Config{ContextLength: 77, VocabSize: 49408, Width: 512, Heads: 8, Layers: 12, MLPRatio: 4}
}

// Validate says what no tower can be made of.
func (c Config) Validate() error {
	switch {
	case c.ContextLength < 2, c.VocabSize < 1, c.Width < 1, c.Heads < 1, c.Layers < 1, c.MLPRatio <= 0:
		return fmt.Errorf("vocab_size %d, width %d, heads %d, layers %d and mlp_ratio %g must be positive and context_length %d at least 2",
			c.VocabSize, c.Width, c.Heads, c.Layers, c.MLPRatio, c.ContextLength)
	case c.Width%c.Heads != 0:
		return fmt.Errorf("width %d is not a multiple of heads %d", c.Width, c.Heads)
	}
	return nil
}
