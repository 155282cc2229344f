package torch

// #include "shim.h"
import "C"

import (
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// unary runs an operation of one tensor.
func (t *Tensor) unary(op string, f func(*libtch.Ctensor, libtch.Ctensor)) *Tensor {
	var out libtch.Ctensor
	f(&out, t.handle)
	return wrap(op, out, t)
}

func (t *Tensor) binary(op string, o *Tensor, f func(*libtch.Ctensor, libtch.Ctensor, libtch.Ctensor)) *Tensor {
	var out libtch.Ctensor
	f(&out, t.handle, o.handle)
	return wrap(op, out, t, o)
}

// Add returns t + o, broadcast.
func (t *Tensor) Add(o *Tensor) *Tensor { return t.binary("add", o, libtch.AtgAdd) }

// Sub returns t - o, broadcast.
func (t *Tensor) Sub(o *Tensor) *Tensor { return t.binary("sub", o, libtch.AtgSub) }

// Mul returns the element-wise product, broadcast.
func (t *Tensor) Mul(o *Tensor) *Tensor { return t.binary("mul", o, libtch.AtgMul) }

// Div returns the element-wise quotient, broadcast.
func (t *Tensor) Div(o *Tensor) *Tensor { return t.binary("div", o, libtch.AtgDiv) }

// MatMul returns the matrix product over the last two axes, broadcast over the others.
func (t *Tensor) MatMul(o *Tensor) *Tensor { return t.binary("matmul", o, libtch.AtgMatmul) }

// Sigmoid returns 1 / (1 + exp(-t)).
func (t *Tensor) Sigmoid() *Tensor { return t.unary("sigmoid", libtch.AtgSigmoid) }

// LogSigmoid returns log(1 / (1 + exp(-t))), also where that is far below zero.
func (t *Tensor) LogSigmoid() *Tensor { return t.unary("log sigmoid", libtch.AtgLogSigmoid) }

// Exp returns e to the power of t.
func (t *Tensor) Exp() *Tensor { return t.unary("exp", libtch.AtgExp) }

// Contiguous returns t with its elements in row order.
func (t *Tensor) Contiguous() *Tensor { return t.unary("contiguous", libtch.AtgContiguous) }

// Detach returns t cut off from the graph.
func (t *Tensor) Detach() *Tensor { return t.unary("detach", libtch.AtgDetach) }

// Scale returns t times a number.
func (t *Tensor) Scale(factor float64) *Tensor {
	number := libtch.AtsFloat(factor)
	defer libtch.AtsFree(number)
	var out libtch.Ctensor
	libtch.AtgMulScalar(&out, t.handle, number)
	return wrap("scale", out, t)
}

// Clamp limits the elements of t in place to [low, high].
func (t *Tensor) Clamp(low, high float64) {
	a, b := libtch.AtsFloat(low), libtch.AtsFloat(high)
	defer libtch.AtsFree(a)
	defer libtch.AtsFree(b)
	t.inPlace("clamp", func(out *libtch.Ctensor) { libtch.AtgClamp_(out, t.handle, a, b) })
}

// Lerp moves the elements towards those of a tensor of the same shape by a share of the way.
func (t *Tensor) Lerp(to *Tensor, share float64) {
	number := libtch.AtsFloat(share)
	defer libtch.AtsFree(number)
	NoGrad(func() {
		t.inPlace("lerp", func(out *libtch.Ctensor) { libtch.AtgLerp_(out, t.handle, to.handle, number) })
	})
}

// Linear returns t times the transpose of weight [out, in], plus bias [out] where it is not nil.
func (t *Tensor) Linear(weight, bias *Tensor) *Tensor {
	var out C.mcl_tensor
	check("linear", unsafe.Pointer(C.mcl_linear(&out, C.mcl_tensor(t.handle), C.mcl_tensor(weight.handle), C.mcl_tensor(orNone(bias)))), t, weight, bias)
	return wrap("linear", libtch.Ctensor(out), t, weight, bias)
}

func orNone(t *Tensor) libtch.Ctensor {
	if t == nil {
		return nil
	}
	return t.handle
}

// LayerNorm normalises the last axis and applies weight and bias, both [D].
func (t *Tensor) LayerNorm(weight, bias *Tensor, eps float64) *Tensor {
	shape := weight.Shape()
	var out libtch.Ctensor
	libtch.AtgLayerNorm(&out, t.handle, shape, len(shape), weight.handle, bias.handle, eps, 1)
	return wrap("layer norm", out, t, weight, bias)
}

// GELU is the exact one, by the error function.
func (t *Tensor) GELU() *Tensor { return t.gelu(false) }

// TanhGELU is its approximation by the hyperbolic tangent.
func (t *Tensor) TanhGELU() *Tensor { return t.gelu(true) }

func (t *Tensor) gelu(approximate bool) *Tensor {
	var out C.mcl_tensor
	check("gelu", unsafe.Pointer(C.mcl_gelu(&out, C.mcl_tensor(t.handle), C.int(flag(approximate)))), t)
	return wrap("gelu", libtch.Ctensor(out), t)
}

// Attention is softmax(q k^T / sqrt(head width)) v over [B, heads, L, head width]. A query sees the keys where visible
// [B or 1, heads or 1, queries or 1, keys] (Bool) is true, all where it is nil; causal hides later positions.
func Attention(q, k, v, visible *Tensor, causal bool) *Tensor {
	var out C.mcl_tensor
	check("attention", unsafe.Pointer(C.mcl_attention(&out, C.mcl_tensor(q.handle), C.mcl_tensor(k.handle), C.mcl_tensor(v.handle), C.mcl_tensor(orNone(visible)), C.int(flag(causal)))), q, k, v, visible)
	return wrap("attention", libtch.Ctensor(out), q, k, v)
}

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// Transpose swaps two axes.
func (t *Tensor) Transpose(a, b int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgTranspose(&out, t.handle, a, b)
	return wrap("transpose", out, t)
}

// addressable returns shape with a first element; libtch takes its address even where there are no axes.
func addressable(shape []int64) []int64 {
	if len(shape) == 0 {
		return []int64{0}
	}
	return shape
}

// Reshape returns t with another shape; one size may be -1.
func (t *Tensor) Reshape(shape ...int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgReshape(&out, t.handle, addressable(shape), len(shape))
	return wrap("reshape", out, t)
}

// Expand repeats axes of size 1 without copying.
func (t *Tensor) Expand(shape ...int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgExpand(&out, t.handle, addressable(shape), len(shape), 0)
	return wrap("expand", out, t)
}

// Narrow returns length elements of an axis from start on.
func (t *Tensor) Narrow(axis, start, length int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgNarrow(&out, t.handle, axis, start, length)
	return wrap("narrow", out, t)
}

// Select returns one element of an axis and drops the axis.
func (t *Tensor) Select(axis, index int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgSelect(&out, t.handle, axis, index)
	return wrap("select", out, t)
}

// Rows returns the rows of t [N, ...] that index [M] names.
func (t *Tensor) Rows(index *Tensor) *Tensor {
	var out libtch.Ctensor
	libtch.AtgIndexSelect(&out, t.handle, 0, index.handle)
	return wrap("rows", out, index, t)
}

// Spread returns [n, ...] with the rows of t [M, ...] at the places that index [M] names, each once, and zeros elsewhere.
func (t *Tensor) Spread(index *Tensor, n int64) *Tensor {
	shape := append([]int64{n}, t.Shape()[1:]...)
	zeros := Zeros(t.scope, t.Device(), t.DType(), shape...)
	var out libtch.Ctensor
	libtch.AtgIndexCopy(&out, zeros.handle, 0, index.handle, t.handle)
	return wrap("spread", out, t, index)
}

// Embedding returns the rows of weight [V, D] for indices [...] as [..., D].
func Embedding(weight, indices *Tensor) *Tensor {
	var out libtch.Ctensor
	libtch.AtgEmbedding(&out, weight.handle, indices.handle, -1, 0, 0)
	return wrap("embedding", out, indices, weight)
}

// Concat joins tensors along an axis.
func Concat(axis int64, parts ...*Tensor) *Tensor {
	handles := make([]libtch.Ctensor, len(parts))
	for i, part := range parts {
		handles[i] = part.handle
	}
	var out libtch.Ctensor
	libtch.AtgCat(&out, handles, len(handles), axis)
	return wrap("concat", out, parts...)
}

// Normalize divides each vector of the last axis by its Euclidean norm, at least 1e-12, as PyTorch's F.normalize does.
func (t *Tensor) Normalize() *Tensor {
	return Tidy(t, func(x *Tensor) *Tensor {
		number := libtch.AtsFloat(2)
		defer libtch.AtsFree(number)
		floor := libtch.AtsFloat(1e-12)
		defer libtch.AtsFree(floor)
		var norm, clamped libtch.Ctensor
		libtch.AtgNormScalaroptDim(&norm, x.handle, number, []int64{-1}, 1, 1)
		length := wrap("norm", norm, x)
		libtch.AtgClampMin(&clamped, length.handle, floor)
		return x.Div(wrap("clamp", clamped, length))
	})
}

// CrossEntropy is the mean over the rows of logits [N, C] of -log softmax at target [N].
func (t *Tensor) CrossEntropy(target *Tensor) *Tensor {
	const mean, ignoreNothing = 1, -100
	var out libtch.Ctensor
	libtch.AtgCrossEntropyLoss(&out, t.handle, target.handle, nil, mean, ignoreNothing, 0)
	return wrap("cross entropy", out, t, target)
}

// To returns t on a device with an element type; t itself where nothing changes.
func (t *Tensor) To(device Device, dtype DType) *Tensor {
	var out libtch.Ctensor
	libtch.AtgToDevice(&out, t.handle, int32(device), int32(dtype), 0, 0)
	return wrap("to", out, t)
}

// ArgMax returns the index of the largest element along an axis.
func (t *Tensor) ArgMax(axis int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgArgmax(&out, t.handle, axis, 0, 0)
	return wrap("argmax", out, t)
}

// ArgMin returns the index of the smallest element along an axis.
func (t *Tensor) ArgMin(axis int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgArgmin(&out, t.handle, axis, 0, 0)
	return wrap("argmin", out, t)
}

// Sum returns the sum over an axis, which is dropped.
func (t *Tensor) Sum(axis int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgSumDimIntlist(&out, t.handle, []int64{axis}, 1, 0, int32(t.DType()))
	return wrap("sum", out, t)
}
