package clip

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/vision"
)

// Config is the model_cfg of open_clip.
type Config struct {
	EmbedDim       int           `json:"embed_dim"`                  // E
	QuickGELU      bool          `json:"quick_gelu,omitempty"`       // belongs to the weights: OpenAI's want it, most others do not
	InitLogitScale float64       `json:"init_logit_scale,omitempty"` // logarithm; of a new model only
	Vision         vision.Config `json:"vision_cfg"`
	Text           text.Config   `json:"text_cfg"`
}

// UnmarshalJSON fills keys that are not there with open_clip's defaults and refuses keys it does not know: they stand for
// other architectures, whose weights would be used wrongly.
func (c *Config) UnmarshalJSON(raw []byte) error {
	type plain Config // without this method
	parsed := plain{Vision: vision.DefaultConfig(), Text: text.DefaultConfig()}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&parsed); err != nil {
		return fmt.Errorf("model_cfg: %w; only CLIP's own towers are supported: a ViT or a ResNet, and a plain text transformer", err)
	}
	*c = Config(parsed)
	return nil
}

// Validate says what no model can be made of.
func (c Config) Validate() error {
	if c.EmbedDim < 1 {
		return fmt.Errorf("embed_dim %d must be positive", c.EmbedDim)
	}
	if err := c.Vision.Validate(); err != nil {
		return fmt.Errorf("vision_cfg: %w", err)
	}
	if err := c.Text.Validate(); err != nil {
		return fmt.Errorf("text_cfg: %w", err)
	}
	return nil
}

// initLogitScale is the logarithm of the scale that a new model starts with; by default that of a temperature of 0.07.
func (c Config) initLogitScale() float64 {
	if c.InitLogitScale == 0 {
		return math.Log(1 / 0.07)
	}
	return c.InitLogitScale
}

func (c Config) activation() nn.Activation {
	if c.QuickGELU {
		return nn.QuickGELU
	}
	return nn.GELU
}
