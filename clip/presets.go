package clip

import (
	"slices"
	"strings"

	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/vision"
)

const quickSuffix = "-quickgelu"

// base lists the architectures of open_clip by name, and two small ones for trials on a CPU. All have CLIP's vocabulary
// and 77 tokens.
var base = map[string]Config{
	"tiny":         vit(64, 32, 8, 2, 64, 16, 4, 64, 4, 2),
	"small":        vit(128, 64, 8, 4, 128, 32, 4, 128, 4, 4),
	"ViT-B-32":     vit(512, 224, 32, 12, 768, 64, 4, 512, 8, 12),
	"ViT-B-16":     vit(512, 224, 16, 12, 768, 64, 4, 512, 8, 12),
	"ViT-L-14":     vit(768, 224, 14, 24, 1024, 64, 4, 768, 12, 12),
	"ViT-L-14-336": vit(768, 336, 14, 24, 1024, 64, 4, 768, 12, 12),
	"ViT-H-14":     vit(1024, 224, 14, 32, 1280, 80, 4, 1024, 16, 24),
	"ViT-g-14":     vit(1024, 224, 14, 40, 1408, 88, 4.3637, 1024, 16, 24),
	"ViT-bigG-14":  vit(1280, 224, 14, 48, 1664, 104, 4.9231, 1280, 20, 32),
	"RN50":         resnet(1024, 224, [4]int{3, 4, 6, 3}, 64, 512, 8),
	"RN101":        resnet(512, 224, [4]int{3, 4, 23, 3}, 64, 512, 8),
	"RN50x4":       resnet(640, 288, [4]int{4, 6, 10, 6}, 80, 640, 10),
	"RN50x16":      resnet(768, 384, [4]int{6, 8, 18, 8}, 96, 768, 12),
	"RN50x64":      resnet(1024, 448, [4]int{3, 15, 36, 10}, 128, 1024, 16),

	"ViT-B-16-SigLIP":          siglip("vit_base_patch16_siglip_224", 64),
	"ViT-B-16-SigLIP-256":      siglip("vit_base_patch16_siglip_256", 64),
	"ViT-B-16-SigLIP-384":      siglip("vit_base_patch16_siglip_384", 64),
	"ViT-B-16-SigLIP-512":      siglip("vit_base_patch16_siglip_512", 64),
	"ViT-L-16-SigLIP-256":      siglip("vit_large_patch16_siglip_256", 64),
	"ViT-L-16-SigLIP-384":      siglip("vit_large_patch16_siglip_384", 64),
	"ViT-SO400M-14-SigLIP":     siglip("vit_so400m_patch14_siglip_224", 16),
	"ViT-SO400M-14-SigLIP-384": siglip("vit_so400m_patch14_siglip_384", 64),
}

func vit(embed, image, patch, layers, width, headWidth int, ratio float64, textWidth, textHeads, textLayers int) Config {
	c := Config{
		EmbedDim: embed,
		Vision:   vision.Config{ImageSize: image, PatchSize: patch, Layers: layers, Width: width, HeadWidth: headWidth, MLPRatio: ratio},
		Text:     text.DefaultConfig(),
	}
	c.Text.Width, c.Text.Heads, c.Text.Layers = textWidth, textHeads, textLayers
	return c
}

func resnet(embed, image int, stages [4]int, width, textWidth, textHeads int) Config {
	c := Config{
		EmbedDim: embed,
		Vision:   vision.Config{ImageSize: image, Stages: stages, Width: width, HeadWidth: vision.DefaultConfig().HeadWidth},
		Text:     text.DefaultConfig(),
	}
	c.Text.Width, c.Text.Heads = textWidth, textHeads
	return c
}

// siglip is a SigLIP whose text tower is as wide and deep as its image tower, which timm has by a name. Its tokenizer is that
// of ViT-B-16-SigLIP.
func siglip(tower string, context int) Config {
	v := vision.SigLIPTower(tower)
	return Config{
		EmbedDim: v.Width, CustomText: true, InitLogitBias: -10, Vision: v,
		Text: text.Config{
			ContextLength: context, VocabSize: 32000, Width: v.Width, Heads: v.Heads(), Layers: v.Layers, MLPRatio: v.MLPRatio,
			Bidirectional: true, Pool: text.PoolLast, ProjectionBias: true, Norm: v.Norm,
			Tokenizer: "timm/ViT-B-16-SigLIP", Cleaning: text.TokenizerOptions{Clean: "canonicalize"},
		},
	}
}

// quickable tells whether a preset also exists with QuickGELU.
func quickable(c Config) bool { return c.Vision.Pool == "" }

// Preset returns the configuration of a published model by open_clip's name. Every name also exists with -quickgelu at its
// end, the activation of OpenAI's own weights, but for SigLIP's.
func Preset(name string) (Config, error) {
	plain, quick := strings.CutSuffix(name, quickSuffix)
	c, ok := base[plain]
	if !ok || quick && !quickable(c) {
		return Config{}, unknownModel(name)
	}
	c.QuickGELU = quick
	return c, nil
}

// Presets lists the names that Preset knows.
func Presets() []string {
	names := make([]string, 0, 2*len(base))
	for name, c := range base {
		names = append(names, name)
		if quickable(c) {
			names = append(names, name+quickSuffix)
		}
	}
	slices.Sort(names)
	return names
}
