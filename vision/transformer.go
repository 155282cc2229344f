package vision

import (
	"math"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// Transformer is a pre-norm ViT (Dosovitskiy et al. 2021, arXiv 2010.11929) with the extra LayerNorm before the blocks that
// OpenAI CLIP adds.
//
// Dimensions:
//
//	p pixels of a patch's side   P = (S/p)^2 patches   L = P+1 tokens   D width
type Transformer struct {
	Patch      *torch.Tensor // [D, 3, p, p]
	Class      *torch.Tensor // [D]
	Position   *torch.Tensor // [L, D]
	PreNorm    *nn.LayerNorm
	Blocks     nn.Blocks
	PostNorm   *nn.LayerNorm
	Projection *torch.Tensor // [D, E]

	imageSize, patchSize int64
	tape                 *nn.Tape
}

// NewTransformer makes the tower with embeddings of width embed; its configuration must be valid and of a ViT.
func NewTransformer(b *nn.Builder, c Config, embed int, activation nn.Activation) *Transformer {
	width, size, patch := int64(c.Width), int64(c.ImageSize), int64(c.PatchSize)
	grid := size / patch
	scaled := nn.Normal(1 / math.Sqrt(float64(width)))
	return &Transformer{
		Patch:    b.Param("conv1.weight", nn.FanIn(3*patch*patch), width, 3, patch, patch),
		Class:    b.Param("class_embedding", scaled, width),
		Position: b.Param("positional_embedding", scaled, grid*grid+1, width),
		PreNorm:  nn.NewLayerNorm(b.Sub("ln_pre"), width, c.Norm.Eps),
		Blocks: nn.NewBlocks(b.Sub("transformer"), nn.BlockConfig{
			Width: width, Layers: int64(c.Layers), Heads: int64(c.Heads()), MLPRatio: c.MLPRatio, Activation: activation, NormEps: c.Norm.Eps,
		}),
		PostNorm:   nn.NewLayerNorm(b.Sub("ln_post"), width, c.Norm.Eps),
		Projection: b.Param("proj", scaled, width, int64(embed)),
		imageSize:  size,
		patchSize:  patch,
	}
}

// Forward maps normalised pixels [B, 3, S, S] to embeddings [B, E], not normalised.
func (t *Transformer) Forward(pixels *torch.Tensor) *torch.Tensor {
	pixels.Check("pixels", -1, 3, t.imageSize, t.imageSize)
	x := torch.Tidy(pixels, t.embed) // [B, L, D]
	shape := x.Shape()
	s := nn.Whole(x.Scope(), x.Device(), make([]int64, shape[0]), shape[1]) // the class token is the first
	x = t.Blocks.ForwardEnds(t.tape, s.Tokens(x), s)                        // [B, D]  class tokens
	return t.PostNorm.Forward(x).MatMul(t.Projection)                       // [B, E]
}

// embed maps pixels [B, 3, S, S] to tokens [B, L, D], the class token first.
func (t *Transformer) embed(pixels *torch.Tensor) *torch.Tensor {
	batch, width := pixels.Shape()[0], t.Class.Shape()[0]
	x := pixels.Conv2d(t.Patch, t.patchSize, 0)                                 // [B, D, S/p, S/p]
	x = x.Reshape(batch, width, -1).Transpose(1, 2)                             // [B, P, D]
	class := t.Class.In(x.Scope()).Reshape(1, 1, width).Expand(batch, 1, width) // [B, 1, D]
	x = torch.Concat(1, class, x)                                               // [B, L, D]
	return t.PreNorm.Forward(x.Add(t.Position))                                 // [B, L, D]
}
