// Package text is the text tower of CLIP: a causal pre-norm transformer whose output at the caption's end token is the
// caption's embedding (Radford et al. 2021, arXiv 2103.00020). SigLIP's has no causal mask and embeds the last token (Zhai et
// al. 2023, arXiv 2303.15343). Names and numbers are those of open_clip's TextTransformer.
//
// Dimensions:
//
//	B captions   L tokens   V vocabulary   D width   E embedding
package text

import (
	"math"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// Transformer is the text tower.
type Transformer struct {
	Token      *torch.Tensor // [V, D]
	Position   *torch.Tensor // [context length, D]
	Blocks     nn.Blocks
	FinalNorm  *nn.LayerNorm
	Projection *torch.Tensor // [D, E]; nil where Linear is not
	Linear     *nn.Linear    // SigLIP's projection

	last int64 // the place that is embedded, if it is the same in all captions; else 0
	tape *nn.Tape
}

// New makes the tower with embeddings of width embed; its configuration must be valid.
func New(b *nn.Builder, c Config, embed int, quickGELU bool) *Transformer {
	width, layers := int64(c.Width), int64(c.Layers)
	scaled := nn.Normal(1 / math.Sqrt(float64(width)))
	// The branches that are added to the residual stream start smaller the more of them there are.
	branch := nn.Normal(1 / math.Sqrt(float64(width*2*layers)))
	t := &Transformer{
		Token:    b.Param("token_embedding.weight", nn.Normal(0.02), int64(c.VocabSize), width),
		Position: b.Param("positional_embedding", nn.Normal(0.01), int64(c.ContextLength), width),
		Blocks: nn.NewBlocks(b.Sub("transformer"), nn.BlockConfig{
			Width: width, Layers: layers, Heads: int64(c.Heads), MLPRatio: c.MLPRatio, Activation: c.Activation.Activation(quickGELU), Causal: !c.Bidirectional, NormEps: c.Norm.Eps,
			Init: nn.BlockInit{Attention: scaled, AttentionOut: branch, FC: nn.Normal(1 / math.Sqrt(float64(2*width))), FCOut: branch},
		}),
		FinalNorm: nn.NewLayerNorm(b.Sub("ln_final"), width, c.Norm.Eps),
	}
	if c.Pool == PoolLast {
		t.last = int64(c.ContextLength) - 1
	}
	if c.ProjectionBias {
		t.Linear = nn.NewLinear(b.Sub("text_projection"), width, int64(embed), scaled, nn.Zeros)
	} else {
		t.Projection = b.Param("text_projection", scaled, width, int64(embed))
	}
	return t
}

// Forward maps token ids [B, L] (int64) to embeddings [B, E], not normalised. L may be shorter than the context length:
// a token sees only those before it, so that cutting columns after the last end token changes nothing. SigLIP's tokens see
// all, and L must be the context length.
func (t *Transformer) Forward(tokens *torch.Tensor) *torch.Tensor {
	length := int64(-1)
	if t.last > 0 {
		length = t.last + 1
	}
	tokens.Check("tokens", -1, length)
	x := torch.Tidy(tokens, t.embed) // [B, L, D]
	x = t.tape.Forward(t.Blocks, x)  // [B, L, D]
	if t.last > 0 {
		x = x.Select(1, t.last) // [B, D]
	} else {
		x = atEnd(x, tokens) // [B, D]
	}
	x = t.FinalNorm.Forward(x) // [B, D]  each position has its own norm, so it can come after the choice
	if t.Linear != nil {
		return t.Linear.Forward(x) // [B, E]
	}
	return x.MatMul(t.Projection) // [B, E]
}

// SetTape makes the blocks keep no activations in training; nil ends that.
func (t *Transformer) SetTape(tape *nn.Tape) { t.tape = tape }

// embed maps token ids [B, L] to the sum of their embeddings and their positions' [B, L, D].
func (t *Transformer) embed(tokens *torch.Tensor) *torch.Tensor {
	length := tokens.Shape()[1]
	position := t.Position.In(tokens.Scope()).Narrow(0, 0, length) // [L, D]
	return torch.Embedding(t.Token, tokens).Add(position)          // [B, L, D]
}

// atEnd returns the row of x [B, L, D] at each caption's end token, which has the highest id of its row [B, D].
func atEnd(x, tokens *torch.Tensor) *torch.Tensor {
	shape := x.Shape()
	batch, length, width := shape[0], shape[1], shape[2]
	starts := make([]int64, batch)
	for i := range starts {
		starts[i] = int64(i) * length
	}
	first := torch.FromInts(x.Scope(), starts, batch).To(x.Device(), torch.Int64)
	return x.Reshape(batch*length, width).Rows(tokens.ArgMax(1).Add(first))
}
