package nn

import "github.com/mclclip/mclclip/internal/torch"

// Attention is multi-head self-attention with one matrix for queries, keys and values, as in PyTorch's MultiheadAttention.
type Attention struct {
	InWeight *torch.Tensor // [3D, D]
	InBias   *torch.Tensor // [3D]
	LoRA     [3]*LoRA      // to the queries, keys and values; all or none
	Out      *Linear
	Heads    int64
	Causal   bool // a token sees itself and those before it
}

// NewAttention makes the attention of one block.
func NewAttention(b *Builder, c BlockConfig) *Attention {
	return &Attention{
		InWeight: b.Param("in_proj_weight", or(c.Init.Attention, Xavier(c.Width, 3*c.Width)), 3*c.Width, c.Width),
		InBias:   b.Param("in_proj_bias", Zeros, 3*c.Width),
		Out:      NewLinear(b.Sub("out_proj"), c.Width, c.Width, c.Init.AttentionOut, Zeros),
		Heads:    c.Heads,
		Causal:   c.Causal,
	}
}

// Forward maps [B, L, D] to [B, L, D].
func (a *Attention) Forward(x *torch.Tensor) *torch.Tensor {
	shape := x.Shape()
	batch, length, width := shape[0], shape[1], shape[2]
	qkv := x.Linear(a.InWeight, a.InBias) // [B, L, 3D]
	if a.LoRA[0] != nil {
		qkv = qkv.Add(torch.Concat(2, a.LoRA[0].Forward(x), a.LoRA[1].Forward(x), a.LoRA[2].Forward(x)))
	}
	qkv = qkv.Reshape(batch, length, 3, a.Heads, -1).Transpose(1, 3)      // [B, H, 3, L, D/H]
	q, k, v := qkv.Select(2, 0), qkv.Select(2, 1), qkv.Select(2, 2)       // [B, H, L, D/H]
	x = torch.Attention(q, k, v, a.Causal)                                // [B, H, L, D/H]
	return a.Out.Forward(x.Transpose(1, 2).Reshape(batch, length, width)) // [B, L, D]
}

// Cross lets the queries [B, Q, D] ask x [B, L, D]; the result is [B, Q, D].
func (a *Attention) Cross(queries, x *torch.Tensor) *torch.Tensor {
	shape := queries.Shape()
	batch, width := shape[0], shape[2]
	weight, bias := a.InWeight.In(x.Scope()), a.InBias.In(x.Scope())
	project := func(x *torch.Tensor, from int64) *torch.Tensor { // [B, H, L, D/H]
		y := x.Linear(weight.Narrow(0, from, width), bias.Narrow(0, from, width))
		return y.Reshape(batch, -1, a.Heads, width/a.Heads).Transpose(1, 2)
	}
	q, k, v := project(queries, 0), project(x, width), project(x, 2*width)
	y := torch.Attention(q, k, v, false)                              // [B, H, Q, D/H]
	return a.Out.Forward(y.Transpose(1, 2).Reshape(batch, -1, width)) // [B, Q, D]
}
