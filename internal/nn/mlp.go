package nn

import "github.com/mclclip/mclclip/internal/torch"

// Activation is applied to each element.
type Activation func(x *torch.Tensor) *torch.Tensor

// QuickGELU is x sigmoid(1.702 x), with which OpenAI trained CLIP. Weights trained with one of the two give plausible, wrong
// features with the other.
func QuickGELU(x *torch.Tensor) *torch.Tensor { return x.Mul(x.Scale(1.702).Sigmoid()) }

// GELU is the exact Gaussian error linear unit (Hendrycks and Gimpel 2016, arXiv 1606.08415).
func GELU(x *torch.Tensor) *torch.Tensor { return x.GELU() }

// TanhGELU is the approximation of GELU by tanh of the same paper, with which SigLIP was trained.
func TanhGELU(x *torch.Tensor) *torch.Tensor { return x.TanhGELU() }

// MLP is the feed-forward half of a block.
type MLP struct {
	FC         *Linear // [F, D]
	Projection *Linear // [D, F]
	Activation Activation
}

// NewMLP makes the MLP of one block.
func NewMLP(b *Builder, c BlockConfig) *MLP {
	hidden := int64(float64(c.Width) * c.MLPRatio) // cut, not rounded, as in open_clip
	return &MLP{
		FC:         NewLinear(b.Sub("c_fc"), c.Width, hidden, c.Init.FC, nil),
		Projection: NewLinear(b.Sub("c_proj"), hidden, c.Width, c.Init.FCOut, nil),
		Activation: c.Activation,
	}
}

// Forward maps [..., D] to [..., D].
func (m *MLP) Forward(x *torch.Tensor) *torch.Tensor {
	return m.Projection.Forward(m.Activation(m.FC.Forward(x)))
}
