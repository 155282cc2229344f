package clip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/vision"
)

// The files of transformers.
const (
	hfConfigFile     = "config.json"
	hfWeightsFile    = "model.safetensors"
	hfPreprocessFile = "preprocessor_config.json"
	hfProcessorFile  = "processor_config.json" // in which newer versions put the same under image_processor
)

// hfTower is a text_config or vision_config of transformers' CLIPConfig, with its own defaults.
type hfTower struct {
	ModelType     string  `json:"model_type"`
	Width         int     `json:"hidden_size"`
	Hidden        int     `json:"intermediate_size"`
	Layers        int     `json:"num_hidden_layers"`
	Heads         int     `json:"num_attention_heads"`
	Activation    string  `json:"hidden_act"`
	Eps           float64 `json:"layer_norm_eps"`
	VocabSize     int     `json:"vocab_size,omitempty"`
	ContextLength int     `json:"max_position_embeddings,omitempty"`
	SOT           int     `json:"bos_token_id,omitempty"`
	EOT           int     `json:"eos_token_id,omitempty"`
	ImageSize     int     `json:"image_size,omitempty"`
	PatchSize     int     `json:"patch_size,omitempty"`
	Channels      int     `json:"num_channels,omitempty"`
	Projection    int     `json:"projection_dim,omitempty"`

	ProjectionSize int `json:"projection_size,omitempty"` // of SigLIP's text tower
}

func defaultHFText() hfTower {
	return hfTower{
		ModelType: "clip_text_model", Width: 512, Hidden: 2048, Layers: 12, Heads: 8, Activation: hfQuickGELU, Eps: normEps, VocabSize: 49408,
		ContextLength: 77, SOT: 49406, EOT: 49407,
	}
}

func defaultHFVision() hfTower {
	return hfTower{
		ModelType: "clip_vision_model", Width: 768, Hidden: 3072, Layers: 12, Heads: 12, Activation: hfQuickGELU, Eps: normEps,
		ImageSize: 224, PatchSize: 32, Channels: 3,
	}
}

const (
	hfQuickGELU = "quick_gelu"
	hfGELU      = "gelu"
	normEps     = nn.DefaultEps // of every LayerNorm of CLIP
)

// hfConfig is a config.json.
type hfConfig struct {
	Type       string          `json:"model_type"`
	Projection int             `json:"projection_dim"`
	Text       json.RawMessage `json:"text_config"`
	Vision     json.RawMessage `json:"vision_config"`
	TextDict   json.RawMessage `json:"text_config_dict"` // of old versions; it stands in the place of the other
	VisionDict json.RawMessage `json:"vision_config_dict"`
}

// readHFConfig reads a config.json of transformers' CLIPModel or SiglipModel.
func readHFConfig(path string) (c Config, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	parsed := hfConfig{Projection: 512}
	if err = json.Unmarshal(raw, &parsed); err == nil {
		switch parsed.Type {
		case "clip":
			c, err = fromCLIP(parsed)
		case "siglip":
			c, err = fromSiglip(parsed)
		default:
			err = fmt.Errorf("model_type is %q; of transformers' models only clip and siglip are supported", parsed.Type)
		}
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// fromCLIP makes the configuration of transformers' CLIPModel.
func fromCLIP(raw hfConfig) (c Config, err error) {
	t, v := defaultHFText(), defaultHFVision()
	if err := errors.Join(overlay(&t, raw.Text, raw.TextDict, "text_config"), overlay(&v, raw.Vision, raw.VisionDict, "vision_config")); err != nil {
		return c, err
	}
	return fromHF(t, v, raw.Projection)
}

func overlay(t *hfTower, plain, dict json.RawMessage, name string) error {
	if len(dict) > 0 && string(dict) != "null" {
		plain = dict
	}
	if len(plain) == 0 {
		return nil
	}
	if err := json.Unmarshal(plain, t); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// fromHF refuses what the weights would be used wrongly with.
func fromHF(t, v hfTower, embed int) (c Config, err error) {
	switch {
	case t.Activation != v.Activation:
		return c, fmt.Errorf("hidden_act is %s of the text tower and %s of the image tower; one for both is supported", t.Activation, v.Activation)
	case t.Activation != hfQuickGELU && t.Activation != hfGELU:
		return c, fmt.Errorf("hidden_act is %q; want %s or %s", t.Activation, hfQuickGELU, hfGELU)
	case t.Eps != normEps || v.Eps != normEps:
		return c, fmt.Errorf("layer_norm_eps is %g and %g; only %g is supported", t.Eps, v.Eps, normEps)
	case t.EOT != 2 && t.EOT != t.VocabSize-1: // 2 is an old mistake, for which transformers looks for the highest id
		return c, fmt.Errorf("eos_token_id is %d; only the highest, %d, is supported", t.EOT, t.VocabSize-1)
	}
	if err := v.check(); err != nil {
		return c, err
	}
	c = Config{
		EmbedDim: embed, QuickGELU: t.Activation == hfQuickGELU,
		Vision: vision.Config{ImageSize: v.ImageSize, PatchSize: v.PatchSize, Layers: v.Layers, Width: v.Width, HeadWidth: v.Width / v.Heads, MLPRatio: ratio(v.Hidden, v.Width)},
		Text:   text.Config{ContextLength: t.ContextLength, VocabSize: t.VocabSize, Width: t.Width, Heads: t.Heads, Layers: t.Layers, MLPRatio: ratio(t.Hidden, t.Width)},
	}
	return c, c.Validate()
}

// check looks at what every image tower needs.
func (t hfTower) check() error {
	if t.Channels != 3 {
		return fmt.Errorf("num_channels is %d; only 3 are supported", t.Channels)
	}
	if t.Width < 1 || t.Heads < 1 || t.Width%t.Heads != 0 {
		return fmt.Errorf("hidden_size %d must be positive and a multiple of num_attention_heads %d", t.Width, t.Heads)
	}
	return nil
}

// hfPreprocess is a preprocessor_config.json. Sizes are a number, {"shortest_edge": n} or {"height": n, "width": n}.
type hfPreprocess struct {
	Resize    *bool           `json:"do_resize"`
	Size      json.RawMessage `json:"size"`
	Crop      *bool           `json:"do_center_crop"`
	CropSize  json.RawMessage `json:"crop_size"`
	Rescale   *bool           `json:"do_rescale"`
	Factor    *float64        `json:"rescale_factor"`
	Normalize *bool           `json:"do_normalize"`
	Mean      []float32       `json:"image_mean"`
	Std       []float32       `json:"image_std"`
	Resample  *int            `json:"resample"`
}

// pillowFilters are Pillow's numbers of the filters that are supported.
var pillowFilters = map[int]string{2: "bilinear", 3: "bicubic"}

// parseHFPreprocess reads the preprocessing of a model.
func parseHFPreprocess(raw []byte, c Config) (pre Preprocess, err error) {
	pre = DefaultPreprocess(c)
	var p hfPreprocess
	if err := json.Unmarshal(raw, &p); err != nil {
		return pre, err
	}
	for name, done := range map[string]*bool{"do_resize": p.Resize, "do_rescale": p.Rescale, "do_normalize": p.Normalize} {
		if done != nil && !*done {
			return pre, fmt.Errorf("%s is false; only images that are resized, scaled to 0..1 and normalised are supported", name)
		}
	}
	if p.Factor != nil && (*p.Factor < 0.99/255 || *p.Factor > 1.01/255) {
		return pre, fmt.Errorf("rescale_factor is %g; only 1/255 is supported", *p.Factor)
	}
	if p.Mean != nil {
		if len(p.Mean) != 3 || len(p.Std) != 3 {
			return pre, fmt.Errorf("image_mean and image_std have %d and %d values, want 3", len(p.Mean), len(p.Std))
		}
		pre.Mean, pre.Std = [3]float32(p.Mean), [3]float32(p.Std)
	}
	if p.Resample != nil {
		if pre.Interpolation = pillowFilters[*p.Resample]; pre.Interpolation == "" {
			return pre, fmt.Errorf("resample is %d; want 2 (bilinear) or 3 (bicubic)", *p.Resample)
		}
	}
	if pre.ResizeMode, err = p.mode(pre.Size); err != nil {
		return pre, err
	}
	return pre, pre.Validate()
}

// mode says how an image becomes a square of size pixels.
func (p hfPreprocess) mode(size int) (string, error) {
	short, square, err := sides(p.Size, size)
	if err != nil {
		return "", fmt.Errorf("size: %w", err)
	}
	if square == size && short == 0 {
		return "squash", nil
	}
	_, crop, err := sides(p.CropSize, size)
	if err != nil {
		return "", fmt.Errorf("crop_size: %w", err)
	}
	if short != size || crop != size || p.Crop != nil && !*p.Crop {
		return "", fmt.Errorf("images are resized to %s and cropped to %s, the model takes %d pixels; only a crop from images with that short side is supported", compact(p.Size), compact(p.CropSize), size)
	}
	return "shortest", nil
}

// sides reads a size: of the short side, or of a square; a lone number is both, and none at all stands for size.
func sides(raw json.RawMessage, size int) (short, square int, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return size, size, nil
	}
	if json.Unmarshal(raw, &short) == nil {
		return short, short, nil
	}
	var named struct {
		Short  int `json:"shortest_edge"`
		Height int `json:"height"`
		Width  int `json:"width"`
	}
	if err := json.Unmarshal(raw, &named); err != nil || named.Height != named.Width {
		return 0, 0, fmt.Errorf("%s is not supported; only square images are", compact(raw))
	}
	return named.Short, named.Height, nil
}

// compact writes JSON in one line.
func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil || b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}
