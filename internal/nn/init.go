package nn

import (
	"math"

	"github.com/mclclip/mclclip/internal/torch"
)

// Init sets the values that a parameter starts with; it is given a tensor of zeros.
type Init func(t *torch.Tensor)

// Zeros leaves the zeros.
func Zeros(*torch.Tensor) {}

// Ones sets 1.
func Ones(t *torch.Tensor) { t.Fill(1) }

// Constant sets one value.
func Constant(value float64) Init {
	return func(t *torch.Tensor) { t.Fill(value) }
}

// Normal draws from the normal distribution with mean 0.
func Normal(std float64) Init {
	return func(t *torch.Tensor) { t.Normal(0, std) }
}

// Uniform draws evenly between -bound and bound.
func Uniform(bound float64) Init {
	return func(t *torch.Tensor) { t.Uniform(-bound, bound) }
}

// FanIn is what PyTorch gives linear layers and convolutions, weights and biases alike: even between -1/sqrt(n) and
// 1/sqrt(n) for n inputs of each output.
func FanIn(n int64) Init { return Uniform(1 / math.Sqrt(float64(n))) }

// Xavier is even with the bound sqrt(6 / (inputs + outputs)) of Glorot and Bengio 2010.
func Xavier(inputs, outputs int64) Init { return Uniform(math.Sqrt(6 / float64(inputs+outputs))) }
