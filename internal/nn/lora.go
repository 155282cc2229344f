package nn

import "github.com/mclclip/mclclip/internal/torch"

// LoRA is a low-rank addition to a linear layer (Hu et al. 2021, arXiv 2106.09685): Scale B A beside its weight. A nil LoRA
// adds nothing.
type LoRA struct {
	A     *torch.Tensor // [r, in]
	B     *torch.Tensor // [out, r], zero at the start, when nothing is added
	Scale float64       // alpha / r
}

// LoRAConfig says how low-rank additions look.
type LoRAConfig struct {
	Rank  int64
	Alpha float64
}

// NewLoRA makes the addition to a layer of widths in and out.
func NewLoRA(b *Builder, c LoRAConfig, in, out int64) *LoRA {
	return &LoRA{A: b.Param("lora_A", FanIn(in), c.Rank, in), B: b.Param("lora_B", Zeros, out, c.Rank), Scale: c.Alpha / float64(c.Rank)}
}

// Forward maps [..., in] to what is added to the layer's [..., out].
func (l *LoRA) Forward(x *torch.Tensor) *torch.Tensor {
	return x.Linear(l.A, nil).Linear(l.B, nil).Scale(l.Scale)
}

// weight is what comes to the layer's weight [out, in].
func (l *LoRA) weight(scope *torch.Scope) *torch.Tensor {
	return l.B.In(scope).MatMul(l.A).Scale(l.Scale)
}

// trainable tells whether the addition collects a gradient.
func (l *LoRA) trainable() bool { return l != nil && (l.A.Trainable() || l.B.Trainable()) }

// AddLoRA puts additions beside the linear layers of the block: queries, keys and values each, the attention's output, and both
// layers of the MLP.
func (b *Block) AddLoRA(builder *Builder, c LoRAConfig) {
	attention, mlp := builder.Sub("attn"), builder.Sub("mlp")
	width := b.Attention.InWeight.Shape()[1]
	for i, name := range []string{"q_proj", "k_proj", "v_proj"} {
		b.Attention.LoRA[i] = NewLoRA(attention.Sub(name), c, width, width)
	}
	b.Attention.Out.addLoRA(attention.Sub("out_proj"), c)
	b.MLP.FC.addLoRA(mlp.Sub("c_fc"), c)
	b.MLP.Projection.addLoRA(mlp.Sub("c_proj"), c)
}

func (l *Linear) addLoRA(builder *Builder, c LoRAConfig) {
	shape := l.Weight.Shape()
	l.LoRA = NewLoRA(builder, c, shape[1], shape[0])
}

// MergeLoRA adds the additions to the weights and forgets them; their tensors stay their owner's.
func (b *Block) MergeLoRA() {
	torch.NoGrad(func() {
		scope := torch.NewScope()
		defer scope.Close()
		if q, k, v := b.Attention.LoRA[0], b.Attention.LoRA[1], b.Attention.LoRA[2]; q != nil {
			added := torch.Concat(0, q.weight(scope), k.weight(scope), v.weight(scope))
			b.Attention.InWeight.Set(added.Add(b.Attention.InWeight))
			b.Attention.LoRA = [3]*LoRA{}
		}
		for _, l := range []*Linear{b.Attention.Out, b.MLP.FC, b.MLP.Projection} {
			if l.LoRA != nil {
				l.Weight.Set(l.LoRA.weight(scope).Add(l.Weight))
				l.LoRA = nil
			}
		}
	})
}
