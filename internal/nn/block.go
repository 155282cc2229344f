package nn

import (
	"strconv"

	"github.com/mclclip/mclclip/internal/torch"
)

// BlockConfig says how the blocks of a tower look.
type BlockConfig struct {
	Width, Layers, Heads int64
	MLPRatio             float64 // F / D
	Activation           Activation
	Causal               bool
	NormEps              float64 // 0 stands for DefaultEps
	Init                 BlockInit
}

// BlockInit says how the four matrices of a block start; nil stands for PyTorch's own way.
type BlockInit struct {
	Attention, AttentionOut, FC, FCOut Init
}

// Block is a pre-norm residual block.
type Block struct {
	Norm1     *LayerNorm
	Attention *Attention
	Norm2     *LayerNorm
	MLP       *MLP
}

// NewBlock makes one block.
func NewBlock(b *Builder, c BlockConfig) *Block {
	return &Block{
		Norm1:     NewLayerNorm(b.Sub("ln_1"), c.Width, c.NormEps),
		Attention: NewAttention(b.Sub("attn"), c),
		Norm2:     NewLayerNorm(b.Sub("ln_2"), c.Width, c.NormEps),
		MLP:       NewMLP(b.Sub("mlp"), c),
	}
}

// Forward is x + attention(norm(x)), then x + mlp(norm(x)); the tokens [N, D] of s to [N, D].
func (b *Block) Forward(x *torch.Tensor, s *Sequences) *torch.Tensor {
	return b.feedForward(x.Add(b.Attention.Forward(b.Norm1.Forward(x), s)))
}

// ForwardEnds maps the tokens [N, D] of s to [B, D]: what Forward gives for those that are read at the end.
func (b *Block) ForwardEnds(x *torch.Tensor, s *Sequences) *torch.Tensor {
	return b.feedForward(s.read(x).Add(b.Attention.ForwardEnds(b.Norm1.Forward(x), s)))
}

func (b *Block) feedForward(x *torch.Tensor) *torch.Tensor {
	return x.Add(b.MLP.Forward(b.Norm2.Forward(x)))
}

// trainable tells whether any parameter of the block collects a gradient.
func (b *Block) trainable() bool {
	for _, p := range []*torch.Tensor{
		b.Norm1.Weight, b.Norm1.Bias, b.Attention.InWeight, b.Attention.InBias, b.Attention.Out.Weight, b.Attention.Out.Bias,
		b.Norm2.Weight, b.Norm2.Bias, b.MLP.FC.Weight, b.MLP.FC.Bias, b.MLP.Projection.Weight, b.MLP.Projection.Bias,
	} {
		if p.Trainable() {
			return true
		}
	}
	return b.Attention.LoRA[0].trainable() || b.MLP.FC.LoRA.trainable()
}

// Blocks are applied one after the other.
type Blocks []*Block

// NewBlocks makes the blocks of a tower, named resblocks.0 and so on.
func NewBlocks(b *Builder, c BlockConfig) Blocks {
	blocks := make(Blocks, c.Layers)
	for i := range blocks {
		blocks[i] = NewBlock(b.Sub("resblocks."+strconv.Itoa(i)), c)
	}
	return blocks
}

// Forward maps the tokens [N, D] of s to [N, D]. It frees each block's tensors at its end, so that without gradients the
// memory does not grow with the number of blocks; with them libtorch keeps what the backward pass needs.
func (bs Blocks) Forward(x *torch.Tensor, s *Sequences) *torch.Tensor {
	for i, block := range bs {
		y := torch.Tidy(x, func(x *torch.Tensor) *torch.Tensor { return block.Forward(x, s) })
		if i > 0 {
			x.Free()
		}
		x = y
	}
	return x
}

// ForwardEnds maps the tokens [N, D] of s to [B, D]: what Forward gives for those that are read at the end. All blocks but
// the last are run by the tape, which may be nil.
func (bs Blocks) ForwardEnds(tape *Tape, x *torch.Tensor, s *Sequences) *torch.Tensor {
	last := len(bs) - 1
	x = tape.Forward(bs[:last], x, s)
	return torch.Tidy(x, func(x *torch.Tensor) *torch.Tensor { return bs[last].ForwardEnds(x, s) })
}
