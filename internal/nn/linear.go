package nn

import "github.com/mclclip/mclclip/internal/torch"

// Linear is x W^T + b, and a low-rank addition where there is one.
type Linear struct {
	Weight *torch.Tensor // [out, in]
	Bias   *torch.Tensor // [out]
	LoRA   *LoRA
}

// NewLinear makes a linear layer that starts as PyTorch's does, except where weight or bias is given.
func NewLinear(b *Builder, in, out int64, weight, bias Init) *Linear {
	return &Linear{
		Weight: b.Param("weight", or(weight, FanIn(in)), out, in),
		Bias:   b.Param("bias", or(bias, FanIn(in)), out),
	}
}

func or(given, standard Init) Init {
	if given == nil {
		return standard
	}
	return given
}

// Forward maps [..., in] to [..., out].
func (l *Linear) Forward(x *torch.Tensor) *torch.Tensor {
	y := x.Linear(l.Weight, l.Bias)
	if l.LoRA != nil {
		y = y.Add(l.LoRA.Forward(x))
	}
	return y
}
