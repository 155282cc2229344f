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

// Forward maps the tokens [N, D] of s to [N, D].
func (a *Attention) Forward(x *torch.Tensor, s *Sequences) *torch.Tensor {
	qkv := x.Linear(a.InWeight, a.InBias) // [N, 3D]
	if a.LoRA[0] != nil {
		qkv = qkv.Add(torch.Concat(1, a.LoRA[0].Forward(x), a.LoRA[1].Forward(x), a.LoRA[2].Forward(x)))
	}
	qkv = a.split(s.spread(qkv), 3)                                 // [B, H, 3, L, D/H]
	q, k, v := qkv.Select(2, 0), qkv.Select(2, 1), qkv.Select(2, 2) // [B, H, L, D/H]
	y := torch.Attention(q, k, v, nil, a.Causal).Transpose(1, 2)    // [B, L, H, D/H]
	return a.Out.Forward(s.Tokens(y.Reshape(s.batch, s.length, -1)))
}

// ForwardEnds maps the tokens [N, D] of s to [B, D]: what Forward gives for those that are read at the end. All are asked,
// and only these ask.
func (a *Attention) ForwardEnds(x *torch.Tensor, s *Sequences) *torch.Tensor {
	weight, bias := a.InWeight.In(x.Scope()), a.InBias.In(x.Scope())
	width, ends := weight.Shape()[1], s.read(x)
	rows := func(from, n int64) (w, b *torch.Tensor) { return weight.Narrow(0, from, n), bias.Narrow(0, from, n) }
	q, kv := ends.Linear(rows(0, width)), x.Linear(rows(width, 2*width)) // [B, D], [N, 2D]
	if a.LoRA[0] != nil {
		q, kv = q.Add(a.LoRA[0].Forward(ends)), kv.Add(torch.Concat(1, a.LoRA[1].Forward(x), a.LoRA[2].Forward(x)))
	}
	q, kv = a.split(q.Reshape(s.batch, 1, width), 1).Select(2, 0), a.split(s.spread(kv), 2) // [B, H, 1, D/H], [B, H, 2, L, D/H]
	y := torch.Attention(q, kv.Select(2, 0), kv.Select(2, 1), s.visible, false)             // [B, H, 1, D/H]
	return a.Out.Forward(y.Reshape(s.batch, width))
}

// split maps parts of width D in a row, [B, L, parts D], to [B, H, parts, L, D/H].
func (a *Attention) split(x *torch.Tensor, parts int64) *torch.Tensor {
	shape := x.Shape()
	return x.Reshape(shape[0], shape[1], parts, a.Heads, -1).Transpose(1, 3)
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
	y := torch.Attention(q, k, v, nil, false)                         // [B, H, Q, D/H]
	return a.Out.Forward(y.Transpose(1, 2).Reshape(batch, -1, width)) // [B, Q, D]
}
