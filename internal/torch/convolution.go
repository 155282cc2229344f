package torch

import "github.com/sugarme/gotch/libtch"

// Conv2d is a convolution without bias: t [B, C, H, W] with weight [D, C, k, k], with the same stride and the same padding
// by zeros along both axes, gives [B, D, H', W'].
func (t *Tensor) Conv2d(weight *Tensor, stride, padding int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgConv2d(&out, t.handle, weight.handle, nil, []int64{stride, stride}, 2, []int64{padding, padding}, 2, []int64{1, 1}, 2, 1)
	return wrap("conv2d", out, t, weight)
}

// AvgPool2d is the mean over squares of size x size that do not overlap; what is left at the right and the bottom is cut.
func (t *Tensor) AvgPool2d(size int64) *Tensor {
	const noDivisor = 1
	var out libtch.Ctensor
	libtch.AtgAvgPool2d(&out, t.handle, []int64{size, size}, 2, []int64{size, size}, 2, []int64{0, 0}, 2, 0, 1, 0, noDivisor)
	return wrap("avg pool2d", out, t)
}

// ReLU returns max(t, 0).
func (t *Tensor) ReLU() *Tensor { return t.unary("relu", libtch.AtgRelu) }

// BatchNorm holds the numbers of batch normalisation (Ioffe and Szegedy 2015, arXiv 1502.03167).
type BatchNorm struct {
	Training bool    // by the batch's statistics, which move the running ones; else by the running ones
	Momentum float64 // the batch's share in the running statistics
	Eps      float64
}

// Apply normalises each channel of x [B, C, H, W] and applies weight and bias, both [C]. The running mean and variance, [C],
// change in place in training; the variance that goes into them is the unbiased one.
func (n BatchNorm) Apply(x, weight, bias, mean, variance *Tensor) *Tensor {
	var out libtch.Ctensor
	libtch.AtgBatchNorm(&out, x.handle, weight.handle, bias.handle, mean.handle, variance.handle, flag(n.Training), n.Momentum, n.Eps, 1)
	return wrap("batch norm", out, x, weight, bias, mean, variance)
}

// Increment adds 1 to each element in place.
func (t *Tensor) Increment() {
	one := libtch.AtsInt(1)
	defer libtch.AtsFree(one)
	t.inPlace("increment", func(out *libtch.Ctensor) { libtch.AtgAddScalar_(out, t.handle, one) })
}

// Mean returns the mean over an axis, which stays with size 1.
func (t *Tensor) Mean(axis int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgMeanDim(&out, t.handle, []int64{axis}, 1, 1, int32(t.DType()))
	return wrap("mean", out, t)
}

// MaxPool2d is the largest value of squares of size x size, each stride after the one before, with padding beyond the edges.
func (t *Tensor) MaxPool2d(size, stride, padding int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgMaxPool2d(&out, t.handle, []int64{size, size}, 2, []int64{stride, stride}, 2, []int64{padding, padding}, 2, []int64{1, 1}, 2, 0)
	return wrap("max pool2d", out, t)
}
