package clip

import (
	"slices"
	"strings"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/vision"
)

// part is a tensor of a file that makes up a parameter, or the elements of it that follow the parts before.
type part struct {
	name      string
	shape     []int // in the file
	transpose bool
}

// naming finds the parts of a parameter in files of one origin.
type naming func(p nn.Param) []part

// dialect is the naming of one origin for a model.
type dialect func(c Config) naming

// textPrefix begins the names of the text tower in open_clip's models with custom_text.
const textPrefix = "text."

// openClipNames are those of open_clip and of OpenAI, which but for custom_text and SigLIP's image tower are this program's own.
func openClipNames(c Config) naming {
	return func(p nn.Param) []part {
		switch {
		case c.Vision.Pool == vision.PoolMAP && towerOf(p.Name) == visual:
			return timmParts(p)
		case c.CustomText && towerOf(p.Name) == "":
			return []part{{name: textPrefix + p.Name, shape: shapeOf(p)}}
		}
		return []part{{name: p.Name, shape: shapeOf(p)}}
	}
}

// huggingFaceNames are those of transformers' CLIPModel and SiglipModel.
func huggingFaceNames(c Config) naming {
	if c.Vision.Pool == vision.PoolMAP {
		return siglipParts
	}
	return clipParts
}

// The names of transformers' models.
const (
	hfText   = "text_model."
	hfVision = "vision_model."
	hfToken  = hfText + "embeddings.token_embedding.weight"
)

// hfWhole are the parameters outside the blocks whose names differ.
var hfWhole = map[string]string{
	"positional_embedding":        hfText + "embeddings.position_embedding.weight",
	"token_embedding.weight":      hfToken,
	"ln_final.weight":             hfText + "final_layer_norm.weight",
	"ln_final.bias":               hfText + "final_layer_norm.bias",
	"text_projection":             "text_projection.weight",
	"visual.class_embedding":      hfVision + "embeddings.class_embedding",
	"visual.positional_embedding": hfVision + "embeddings.position_embedding.weight",
	"visual.conv1.weight":         hfVision + "embeddings.patch_embedding.weight",
	"visual.ln_pre.weight":        hfVision + "pre_layrnorm.weight", // their spelling
	"visual.ln_pre.bias":          hfVision + "pre_layrnorm.bias",
	"visual.ln_post.weight":       hfVision + "post_layernorm.weight",
	"visual.ln_post.bias":         hfVision + "post_layernorm.bias",
	"visual.proj":                 "visual_projection.weight",
}

// hfTransposed are stored as the weights of linear layers, [out, in].
var hfTransposed = []string{"text_projection", "visual.proj"}

// hfBlock are the parts of a block whose names differ.
var hfBlock = strings.NewReplacer(
	"attn.out_proj.", "self_attn.out_proj.", "ln_1.", "layer_norm1.", "ln_2.", "layer_norm2.", "mlp.c_fc.", "mlp.fc1.", "mlp.c_proj.", "mlp.fc2.",
)

// clipParts are the names of transformers' CLIPModel. Its queries, keys and values have matrices of their own.
func clipParts(p nn.Param) []part {
	shape := shapeOf(p)
	if name, ok := hfWhole[p.Name]; ok {
		whole := part{name: name, shape: shape, transpose: slices.Contains(hfTransposed, p.Name)}
		if whole.transpose {
			slices.Reverse(whole.shape)
		}
		return []part{whole}
	}
	name := hfBlockName(p.Name)
	before, kind, fused := strings.Cut(name, "attn.in_proj_")
	if !fused {
		return []part{{name: hfBlock.Replace(name), shape: shape}}
	}
	shape[0] /= 3
	var parts []part
	for _, which := range []string{"q", "k", "v"} {
		parts = append(parts, part{name: before + "self_attn." + which + "_proj." + kind, shape: shape})
	}
	return parts
}

// hfBlockName replaces what stands before the number of a block.
func hfBlockName(name string) string {
	for own, theirs := range map[string]string{"visual.transformer.resblocks.": hfVision, "transformer.resblocks.": hfText} {
		if rest, ok := strings.CutPrefix(name, own); ok {
			return theirs + "encoder.layers." + rest
		}
	}
	return name
}

// constants are what older versions saved beside the weights: numbers that follow from the architecture.
var constants = []string{"input_resolution", "context_length", "vocab_size"}

// ignorable tells whether a tensor carries nothing that was learned.
func ignorable(name string) bool {
	return slices.Contains(constants, name) || strings.HasSuffix(name, "position_ids") || strings.HasSuffix(name, "attn_mask")
}
