package torch

import "github.com/sugarme/gotch/libtch"

// Zeros returns a new tensor of zeros; a nil scope makes a parameter, which the caller frees.
func Zeros(scope *Scope, device Device, dtype DType, shape ...int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgZeros(&out, addressable(shape), len(shape), int32(dtype), int32(device))
	return fresh("zeros", scope, out)
}

// Empty returns a new tensor whose elements are whatever its memory held; a nil scope makes a parameter, which the caller frees.
func Empty(scope *Scope, device Device, dtype DType, shape ...int64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgEmpty(&out, addressable(shape), len(shape), int32(dtype), int32(device))
	return fresh("empty", scope, out)
}

// Normal fills the tensor in place from the normal distribution, by libtorch's generator (see Seed).
func (t *Tensor) Normal(mean, std float64) {
	t.inPlace("normal", func(out *libtch.Ctensor) { libtch.AtgNormal_(out, t.handle, mean, std) })
}

// Uniform fills the tensor in place from the uniform distribution over [low, high).
func (t *Tensor) Uniform(low, high float64) {
	t.inPlace("uniform", func(out *libtch.Ctensor) { libtch.AtgUniform_(out, t.handle, low, high) })
}

// Fill sets every element.
func (t *Tensor) Fill(value float64) {
	number := libtch.AtsFloat(value)
	defer libtch.AtsFree(number)
	t.inPlace("fill", func(out *libtch.Ctensor) { libtch.AtgFill_(out, t.handle, number) })
}

// inPlace runs an operation that changes t, outside the graph.
func (t *Tensor) inPlace(op string, f func(out *libtch.Ctensor)) {
	NoGrad(func() {
		var out libtch.Ctensor
		f(&out)
		if out == nil {
			fail(op, lastError(), []*Tensor{t})
		}
		libtch.AtFree(out)
	})
}

// fresh gives a handle that came of no input to scope, or to nobody.
func fresh(op string, scope *Scope, handle libtch.Ctensor) *Tensor {
	if handle == nil {
		fail(op, lastError(), nil)
	}
	live.Add(1)
	t := &Tensor{handle: handle}
	if scope == nil {
		return t
	}
	return scope.adopt(t)
}
