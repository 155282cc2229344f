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

// Forward maps token ids [B, L] (int64) to embeddings [B, E], not normalised. L may be shorter than the context length: a
// token sees only those before it, so that what follows the end token changes nothing and is not computed. SigLIP's tokens
// see all, and L must be the context length.
func (t *Transformer) Forward(tokens *torch.Tensor) *torch.Tensor {
	length := int64(-1)
	if t.last > 0 {
		length = t.last + 1
	}
	tokens.Check("tokens", -1, length)
	s := t.sequences(tokens)
	x := torch.Tidy(tokens, func(tokens *torch.Tensor) *torch.Tensor { return t.embed(tokens, s) }) // [N, D]
	x = t.FinalNorm.Forward(t.Blocks.ForwardEnds(t.tape, x, s))                                     // [B, D]
	if t.Linear != nil {
		return t.Linear.Forward(x) // [B, E]
	}
	return x.MatMul(t.Projection) // [B, E]
}

// sequences says which tokens matter: those up to the end token, which has the highest id of its row, or all where the last
// one is read or tokens see those after them.
func (t *Transformer) sequences(tokens *torch.Tensor) *nn.Sequences {
	shape := tokens.Shape()
	ends := make([]int64, shape[0])
	for i := range ends {
		ends[i] = t.last
	}
	if t.last == 0 {
		ends = tokens.ArgMax(1).Ints()
	}
	if t.Blocks[0].Attention.Causal {
		return nn.Packed(tokens.Scope(), tokens.Device(), ends, shape[1])
	}
	return nn.Whole(tokens.Scope(), tokens.Device(), ends, shape[1])
}

// SetTape makes the blocks keep no activations in training; nil ends that.
func (t *Transformer) SetTape(tape *nn.Tape) { t.tape = tape }

// embed maps token ids [B, L] to the sum of their embeddings and their positions', for the tokens of s [N, D].
func (t *Transformer) embed(tokens *torch.Tensor, s *nn.Sequences) *torch.Tensor {
	shape := tokens.Shape()
	position := torch.UploadInts(tokens.Scope(), tokens.Device(), upTo(shape[1]), 1, shape[1])
	position = s.Tokens(position.Expand(shape[0], shape[1])) // [N]
	return torch.Embedding(t.Token, s.Tokens(tokens)).Add(torch.Embedding(t.Position, position))
}

func upTo(n int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i)
	}
	return out
}
