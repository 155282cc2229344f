package clip

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/vision"
)

const (
	hfTanhGELU     = "gelu_pytorch_tanh"
	siglipEps      = 1e-6
	siglipInitBias = -10 // of a new model; one that is loaded has its own
)

func defaultSiglipText() hfTower {
	return hfTower{
		ModelType: "siglip_text_model", Width: 768, Hidden: 3072, Layers: 12, Heads: 12, Activation: hfTanhGELU, Eps: siglipEps, VocabSize: 32000,
		ContextLength: 64,
	}
}

func defaultSiglipVision() hfTower {
	return hfTower{
		ModelType: "siglip_vision_model", Width: 768, Hidden: 3072, Layers: 12, Heads: 12, Activation: hfTanhGELU, Eps: siglipEps,
		ImageSize: 224, PatchSize: 16, Channels: 3,
	}
}

// fromSiglip makes the configuration of transformers' SiglipModel.
func fromSiglip(raw hfConfig) (c Config, err error) {
	t, v := defaultSiglipText(), defaultSiglipVision()
	if err := errors.Join(overlay(&t, raw.Text, raw.TextDict, "text_config"), overlay(&v, raw.Vision, raw.VisionDict, "vision_config")); err != nil {
		return c, err
	}
	var head struct {
		Use *bool `json:"vision_use_head"`
	}
	if len(raw.Vision) > 0 && json.Unmarshal(raw.Vision, &head) == nil && head.Use != nil && !*head.Use {
		return c, errors.New("vision_use_head is false; only image towers with their pooling are supported")
	}
	if t.ProjectionSize == 0 {
		t.ProjectionSize = t.Width
	}
	if err := v.check(); err != nil {
		return c, err
	}
	c = Config{
		EmbedDim: t.ProjectionSize, CustomText: true, InitLogitBias: siglipInitBias,
		Vision: vision.Config{
			ImageSize: v.ImageSize, PatchSize: v.PatchSize, Layers: v.Layers, Width: v.Width, HeadWidth: v.Width / v.Heads,
			MLPRatio: ratio(v.Hidden, v.Width), Pool: vision.PoolMAP,
		},
		Text: text.Config{
			ContextLength: t.ContextLength, VocabSize: t.VocabSize, Width: t.Width, Heads: t.Heads, Layers: t.Layers,
			MLPRatio: ratio(t.Hidden, t.Width), Bidirectional: true, Pool: text.PoolLast, ProjectionBias: true,
		},
	}
	c.Vision.Norm.Eps, c.Text.Norm.Eps = v.Eps, t.Eps
	if c.Vision.Activation.Approximate, err = siglipActivation(v.Activation); err != nil {
		return c, err
	}
	if c.Text.Activation.Approximate, err = siglipActivation(t.Activation); err != nil {
		return c, err
	}
	return c, c.Validate()
}

func siglipActivation(name string) (approximate string, err error) {
	switch name {
	case hfGELU:
		return "", nil
	case hfTanhGELU:
		return "tanh", nil
	}
	return "", fmt.Errorf("hidden_act is %q; want %s or %s", name, hfGELU, hfTanhGELU)
}

func hfActivation(approximate string) string {
	if approximate == "tanh" {
		return hfTanhGELU
	}
	return hfGELU
}

// siglipConfigOf is the config.json of a SigLIP; that of a model that fromSiglip made gives the same model again.
func siglipConfigOf(c Config) map[string]any {
	t, v := defaultSiglipText(), defaultSiglipVision()
	t.text(c.Text)
	v.vision(c.Vision)
	t.ProjectionSize = c.EmbedDim
	t.Activation, v.Activation = hfActivation(c.Text.Activation.Approximate), hfActivation(c.Vision.Activation.Approximate)
	t.Eps, v.Eps = epsOf(c.Text.Norm), epsOf(c.Vision.Norm)
	return map[string]any{"architectures": []string{"SiglipModel"}, "model_type": "siglip", "text_config": t, "vision_config": v}
}

// checkSiglip tells why a SigLIP is none for transformers.
func (c Config) checkSiglip() error {
	if !c.Text.Bidirectional || !c.Text.ProjectionBias || c.InitLogitBias == 0 || c.QuickGELU {
		return errors.New("transformers' SiglipModel has SigLIP's text tower and a logit bias; export this one for open_clip")
	}
	return nil
}
