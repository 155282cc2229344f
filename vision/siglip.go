package vision

import (
	"math"
	"strconv"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// SigLIP is the ViT of Zhai et al. 2023 (arXiv 2303.15343; timm's VisionTransformer with global_pool "map", transformers'
// SiglipVisionModel): no class token, a bias of the patches, no norm before the blocks, and an attention pooling that
// gives the embedding.
//
// Dimensions:
//
//	p pixels of a patch's side   P = (S/p)^2 patches   D = E width
type SigLIP struct {
	Patch     *torch.Tensor // [D, 3, p, p]
	PatchBias *torch.Tensor // [D]
	Position  *torch.Tensor // [P, D]
	Blocks    nn.Blocks
	PostNorm  *nn.LayerNorm
	Pool      *LatentPool

	imageSize, patchSize int64
	tape                 *nn.Tape
}

// NewSigLIP makes the tower; its configuration must be valid and have PoolMAP. It starts as timm's does but for the tails of
// the normal distributions, which timm cuts.
func NewSigLIP(b *nn.Builder, c Config, activation nn.Activation) *SigLIP {
	width, size, patch := int64(c.Width), int64(c.ImageSize), int64(c.PatchSize)
	small := nn.Normal(0.02)
	blocks := nn.BlockConfig{
		Width: width, Layers: int64(c.Layers), Heads: int64(c.Heads()), MLPRatio: c.MLPRatio, Activation: activation, NormEps: c.Norm.Eps,
		Init: nn.BlockInit{Attention: small, AttentionOut: small, FC: small, FCOut: small},
	}
	return &SigLIP{
		Patch:     b.Param("conv1.weight", nn.Normal(1/math.Sqrt(float64(3*patch*patch))), width, 3, patch, patch),
		PatchBias: b.Param("conv1.bias", nn.Zeros, width),
		Position:  b.Param("positional_embedding", small, (size/patch)*(size/patch), width),
		Blocks:    nn.NewBlocks(b.Sub("transformer"), blocks),
		PostNorm:  nn.NewLayerNorm(b.Sub("ln_post"), width, c.Norm.Eps),
		Pool:      newLatentPool(b.Sub("attn_pool"), blocks),
		imageSize: size,
		patchSize: patch,
	}
}

// Forward maps normalised pixels [B, 3, S, S] to embeddings [B, D], not normalised.
func (t *SigLIP) Forward(pixels *torch.Tensor) *torch.Tensor {
	pixels.Check("pixels", -1, 3, t.imageSize, t.imageSize)
	x := torch.Tidy(pixels, t.embed) // [B, P, D]
	shape := x.Shape()
	s := nn.Whole(x.Scope(), x.Device(), make([]int64, shape[0]), shape[1])
	x = t.tape.Forward(t.Blocks, s.Tokens(x), s).Reshape(shape...) // [B, P, D]
	return t.Pool.Forward(t.PostNorm.Forward(x))                   // [B, D]
}

// embed maps pixels [B, 3, S, S] to tokens [B, P, D].
func (t *SigLIP) embed(pixels *torch.Tensor) *torch.Tensor {
	batch, width := pixels.Shape()[0], t.PatchBias.Shape()[0]
	x := pixels.Conv2d(t.Patch, t.patchSize, 0)     // [B, D, S/p, S/p]
	x = x.Reshape(batch, width, -1).Transpose(1, 2) // [B, P, D]
	return x.Add(t.PatchBias).Add(t.Position)       // [B, P, D]
}

// Groups are what makes the tokens, each block, and the norm with the pooling.
func (t *SigLIP) Groups() [][]string {
	groups := [][]string{{"conv1.", "positional_embedding"}}
	for i := range t.Blocks {
		groups = append(groups, []string{"transformer.resblocks." + strconv.Itoa(i) + "."})
	}
	return append(groups, []string{"ln_post.", "attn_pool."})
}

// SetTape makes the blocks keep no activations in training; nil ends that.
func (t *SigLIP) SetTape(tape *nn.Tape) { t.tape = tape }

// SetTraining changes nothing: a ViT computes the same in training.
func (t *SigLIP) SetTraining(bool) {}

// LatentPool reduces tokens to one vector: a learned query asks all of them (multi-head attention pooling; timm's
// AttentionPoolLatent), then comes the feed-forward half of a block.
type LatentPool struct {
	Latent    *torch.Tensor // [D], the query before its projection
	Attention *nn.Attention
	Norm      *nn.LayerNorm
	MLP       *nn.MLP
}

func newLatentPool(b *nn.Builder, c nn.BlockConfig) *LatentPool {
	return &LatentPool{
		Latent:    b.Param("latent", nn.Normal(1/math.Sqrt(float64(c.Width))), c.Width),
		Attention: nn.NewAttention(b.Sub("attn"), c),
		Norm:      nn.NewLayerNorm(b.Sub("ln"), c.Width, c.NormEps),
		MLP:       nn.NewMLP(b.Sub("mlp"), c),
	}
}

// Forward maps [B, P, D] to [B, D].
func (p *LatentPool) Forward(x *torch.Tensor) *torch.Tensor {
	batch, width := x.Shape()[0], x.Shape()[2]
	latent := p.Latent.In(x.Scope()).Reshape(1, 1, width).Expand(batch, 1, width) // [B, 1, D]
	x = p.Attention.Cross(latent, x).Reshape(batch, width)                        // [B, D]
	return x.Add(p.MLP.Forward(p.Norm.Forward(x)))                                // [B, D]
}
