package vision

import (
	"fmt"

	"github.com/mclclip/mclclip/internal/nn"
)

// timmConfig is what a vision_cfg of open_clip says of a tower of the timm library.
type timmConfig struct {
	ImageSize  int    `json:"image_size"`
	Model      string `json:"timm_model_name"`
	Pretrained bool   `json:"timm_model_pretrained"`
	Pool       string `json:"timm_pool"`
	Projection string `json:"timm_proj"`
}

// timmModels are the towers of SigLIP and SigLIP 2 by their names in timm 1.0.
var timmModels = func() map[string]Config {
	models := map[string]Config{}
	add := func(name string, sizes []int, tanh bool, c Config) {
		c.Pool, c.Norm.Eps = PoolMAP, 1e-6
		if tanh {
			c.Activation.Approximate = "tanh"
		}
		for _, c.ImageSize = range sizes {
			models[fmt.Sprintf("vit_%s_patch%d_siglip_%d", name, c.PatchSize, c.ImageSize)] = c
		}
	}
	base, large := Config{Layers: 12, Width: 768, HeadWidth: 64, MLPRatio: 4}, Config{Layers: 24, Width: 1024, HeadWidth: 64, MLPRatio: 4}
	shape, giant := Config{Layers: 27, Width: 1152, HeadWidth: 72, MLPRatio: 3.7362}, Config{Layers: 40, Width: 1536, HeadWidth: 96, MLPRatio: 4}
	add("base", []int{224, 256, 384, 512}, false, base.patch(16))
	add("base", []int{256}, true, base.patch(32))
	add("large", []int{256, 384}, false, large.patch(16))
	add("large", []int{512}, true, large.patch(16))
	add("so400m", []int{224, 378, 384}, false, shape.patch(14))
	add("so400m", []int{256, 384, 512}, true, shape.patch(16))
	add("giantopt", []int{256, 384}, true, giant.patch(16))
	return models
}()

// SigLIPTower is the tower that timm has by a name such as vit_base_patch16_siglip_224, the zero Config if there is none.
func SigLIPTower(name string) Config { return timmModels[name] }

func (c Config) patch(size int) Config {
	c.PatchSize = size
	return c
}

// config is the tower that is meant.
func (t timmConfig) config() (Config, error) {
	c, ok := timmModels[t.Model]
	switch {
	case !ok:
		return c, fmt.Errorf("timm_model_name is %q; of timm's towers only SigLIP's are supported, such as vit_base_patch16_siglip_224", t.Model)
	case t.Pool != PoolMAP || t.Projection != "none":
		return c, fmt.Errorf("timm_pool is %q and timm_proj %q; only SigLIP's own are supported, map and none", t.Pool, t.Projection)
	case t.ImageSize != c.ImageSize:
		return c, fmt.Errorf("image_size is %d, but %s takes %d", t.ImageSize, t.Model, c.ImageSize)
	}
	return c, nil
}

// timm is how open_clip describes the tower; ok is false where timm has none like it.
func (c Config) timm() (t timmConfig, ok bool) {
	for name, model := range timmModels {
		if c.computes(model) {
			return timmConfig{ImageSize: c.ImageSize, Model: name, Pool: PoolMAP, Projection: "none"}, true
		}
	}
	return t, false
}

// computes tells whether both configurations are the same tower; ratios may differ where the hidden width is the same.
func (c Config) computes(o Config) bool {
	same := int(float64(c.Width)*c.MLPRatio) == int(float64(o.Width)*o.MLPRatio)
	c.MLPRatio = o.MLPRatio
	return same && c == o
}

// OpenClip tells whether open_clip has a tower like it.
func (c Config) OpenClip() bool {
	_, ok := c.timm()
	return c.Pool == "" || ok
}

// act is the activation of the blocks; timm's towers have GELU whatever the weights' activation is.
func (c Config) act(quick bool) nn.Activation {
	return c.Activation.Activation(quick && c.Pool != PoolMAP)
}
