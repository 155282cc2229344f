package clip

import (
	"slices"
	"strings"

	"github.com/mclclip/mclclip/internal/nn"
)

// trunk begins the names of an image tower that open_clip has from timm.
const trunk = "visual.trunk."

// timmNames are the parts of SigLIP's image tower as timm's VisionTransformer calls them.
var timmNames = strings.NewReplacer(
	"visual.conv1.", trunk+"patch_embed.proj.", "visual.positional_embedding", trunk+"pos_embed", "visual.ln_post.", trunk+"norm.",
	"visual.transformer.resblocks.", trunk+"blocks.", "visual.attn_pool.attn.out_proj.", trunk+"attn_pool.proj.",
	"visual.attn_pool.ln.", trunk+"attn_pool.norm.", "visual.attn_pool.", trunk+"attn_pool.",
	"attn.in_proj_", "attn.qkv.", "attn.out_proj.", "attn.proj.", "ln_1.", "norm1.", "ln_2.", "norm2.", "mlp.c_fc.", "mlp.fc1.", "mlp.c_proj.", "mlp.fc2.",
)

const (
	latent      = "visual.attn_pool.latent"
	latentQuery = "visual.attn_pool.attn.in_proj_" // and keys and values
)

// timmParts are the names of SigLIP's image tower in open_clip's files. The query of the pooling has a matrix of its own.
func timmParts(p nn.Param) []part {
	shape := shapeOf(p)
	if kind, ok := strings.CutPrefix(p.Name, latentQuery); ok {
		query, rest := slices.Clone(shape), slices.Clone(shape)
		query[0], rest[0] = shape[0]/3, shape[0]/3*2
		return []part{{name: trunk + "attn_pool.q." + kind, shape: query}, {name: trunk + "attn_pool.kv." + kind, shape: rest}}
	}
	switch p.Name {
	case latent:
		shape = append([]int{1, 1}, shape...)
	case visionPosition:
		shape = append([]int{1}, shape...)
	}
	return []part{{name: timmNames.Replace(p.Name), shape: shape}}
}

// siglipNames are the parameters of SiglipModel that CLIPModel lacks or calls otherwise.
var siglipNames = strings.NewReplacer(
	"visual.conv1.bias", hfVision+"embeddings.patch_embedding.bias", "text_projection.", hfText+"head.",
	latent, hfVision+"head.probe", "visual.attn_pool.attn.", hfVision+"head.attention.", "visual.attn_pool.ln.", hfVision+"head.layernorm.",
	"visual.attn_pool.mlp.c_fc.", hfVision+"head.mlp.fc1.", "visual.attn_pool.mlp.c_proj.", hfVision+"head.mlp.fc2.",
)

// siglipParts are the names of transformers' SiglipModel.
func siglipParts(p nn.Param) []part {
	shape := shapeOf(p)
	switch name := siglipNames.Replace(p.Name); {
	case p.Name == logitScale || p.Name == logitBias:
		return []part{{name: p.Name, shape: []int{1}}}
	case p.Name == latent:
		return []part{{name: name, shape: append([]int{1, 1}, shape...)}}
	case name != p.Name:
		return []part{{name: name, shape: shape}}
	}
	return clipParts(p)
}
