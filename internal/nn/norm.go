package nn

import "github.com/mclclip/mclclip/internal/torch"

// LayerNorm normalises the last axis (Ba et al. 2016, arXiv 1607.06450).
type LayerNorm struct {
	Weight, Bias *torch.Tensor // [D]

	eps float64
}

// DefaultEps is PyTorch's default, which OpenAI's and open_clip's ViTs keep.
const DefaultEps = 1e-5

// NewLayerNorm makes a layer norm that starts with weight 1 and bias 0. An eps of 0 stands for DefaultEps.
func NewLayerNorm(b *Builder, width int64, eps float64) *LayerNorm {
	if eps == 0 {
		eps = DefaultEps
	}
	return &LayerNorm{Weight: b.Param("weight", Ones, width), Bias: b.Param("bias", Zeros, width), eps: eps}
}

// Forward maps [..., D] to [..., D].
func (n *LayerNorm) Forward(x *torch.Tensor) *torch.Tensor {
	return x.LayerNorm(n.Weight, n.Bias, n.eps)
}
