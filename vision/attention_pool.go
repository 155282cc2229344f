package vision

import (
	"math"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// AttentionPool reduces a feature map to one vector: the mean over its positions asks, the mean and the positions answer
// (Radford et al. 2021, section 2.4; open_clip's AttentionPool2d).
type AttentionPool struct {
	Position               *torch.Tensor // [P+1, D]
	Key, Query, Value, Out *nn.Linear

	heads int64
}

// NewAttentionPool makes the pooling of feature maps [B, width, H, W] with H W positions to vectors of width out.
func NewAttentionPool(b *nn.Builder, positions, width, heads, out int64) *AttentionPool {
	scaled := nn.Normal(1 / math.Sqrt(float64(width)))
	return &AttentionPool{
		Position: b.Param("positional_embedding", scaled, positions+1, width),
		Key:      nn.NewLinear(b.Sub("k_proj"), width, width, scaled, nil),
		Query:    nn.NewLinear(b.Sub("q_proj"), width, width, scaled, nil),
		Value:    nn.NewLinear(b.Sub("v_proj"), width, width, scaled, nil),
		Out:      nn.NewLinear(b.Sub("c_proj"), width, out, scaled, nil),
		heads:    heads,
	}
}

// Forward maps [B, D, H, W] to [B, E].
func (p *AttentionPool) Forward(x *torch.Tensor) *torch.Tensor {
	shape := x.Shape()
	batch, width := shape[0], shape[1]
	x = x.Reshape(batch, width, -1).Transpose(1, 2)                // [B, P, D]
	x = torch.Concat(1, x.Mean(1), x).Add(p.Position)              // [B, P+1, D]
	q := p.split(p.Query.Forward(x.Narrow(1, 0, 1)))               // [B, H, 1, D/H]
	k, v := p.split(p.Key.Forward(x)), p.split(p.Value.Forward(x)) // [B, H, P+1, D/H]
	x = torch.Attention(q, k, v, nil, false)                       // [B, H, 1, D/H]
	return p.Out.Forward(x.Reshape(batch, width))                  // [B, E]
}

// split maps [B, L, D] to [B, H, L, D/H].
func (p *AttentionPool) split(x *torch.Tensor) *torch.Tensor {
	shape := x.Shape()
	return x.Reshape(shape[0], shape[1], p.heads, -1).Transpose(1, 2)
}
