package clip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/vision"
)

// Config is the model_cfg of open_clip.
type Config struct {
	EmbedDim       int           `json:"embed_dim"`                  // E
	QuickGELU      bool          `json:"quick_gelu,omitempty"`       // belongs to the weights: OpenAI's want it, most others do not
	CustomText     bool          `json:"custom_text,omitempty"`      // names of the text tower begin with text. in open_clip's files
	InitLogitScale float64       `json:"init_logit_scale,omitempty"` // logarithm; of a new model only
	InitLogitBias  float64       `json:"init_logit_bias,omitempty"`  // not 0: the loss is SigLIP's, and the bias is learned
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
		return fmt.Errorf("model_cfg: %w; only the towers of CLIP and SigLIP are supported: a ViT or a ResNet, and a plain text transformer", err)
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
	switch {
	case c.Vision.Pool == vision.PoolMAP && c.EmbedDim != c.Vision.Width:
		return fmt.Errorf("embed_dim is %d, but the pooling of SigLIP's image tower gives its width, %d", c.EmbedDim, c.Vision.Width)
	case c.QuickGELU && (c.Vision.Pool == "" && c.Vision.Activation.Approximate != "" || c.Text.Activation.Approximate != ""):
		return errors.New("quick_gelu and act_kwargs contradict each other")
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
