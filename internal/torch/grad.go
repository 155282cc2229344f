package torch

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// NoGrad runs f without recording a graph and restores the mode that was there before.
func NoGrad(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := C.mcl_grad_enabled()
	C.mcl_set_grad_enabled(0)
	defer C.mcl_set_grad_enabled(before)
	f()
}

// GradEnabled tells whether operations record a graph.
func GradEnabled() bool { return C.mcl_grad_enabled() != 0 }

// SetTrainable says whether a parameter collects a gradient.
func (t *Tensor) SetTrainable(on bool) {
	var out libtch.Ctensor
	libtch.AtgSetRequiresGrad(&out, t.handle, flag(on))
	if out == nil {
		fail("set trainable", lastError(), []*Tensor{t})
	}
	libtch.AtFree(out)
}

// Trainable reports whether the tensor collects a gradient.
func (t *Tensor) Trainable() bool { return libtch.AtRequiresGrad(t.handle) }

// Backward adds the gradient of a loss of one element to its trainable parameters.
func (t *Tensor) Backward() {
	check("backward", unsafe.Pointer(C.mcl_backward(C.mcl_tensor(t.handle), nil)), t)
}

// BackwardFrom adds what a gradient of t, of its shape, comes to for the parameters behind t.
func (t *Tensor) BackwardFrom(grad *Tensor) {
	check("backward", unsafe.Pointer(C.mcl_backward(C.mcl_tensor(t.handle), C.mcl_tensor(grad.handle))), t, grad)
}

// Grad returns the gradient as a member of scope, nil where there is none.
func (t *Tensor) Grad(scope *Scope) *Tensor {
	var out C.mcl_tensor
	check("grad", unsafe.Pointer(C.mcl_grad(C.mcl_tensor(t.handle), &out)), t)
	if out == nil {
		return nil
	}
	live.Add(1)
	return scope.adopt(&Tensor{handle: libtch.Ctensor(out)})
}

// ClearGrads drops the gradients of the parameters.
func ClearGrads(parameters []*Tensor) {
	handles, n := handlesOf(parameters)
	check("clear gradients", unsafe.Pointer(C.mcl_clear_grads(handles, n)))
}

// ClipGradNorm scales the gradients together so that their joint Euclidean norm is at most max (0: leaves them) and returns
// the norm before, as PyTorch's clip_grad_norm_ does.
func ClipGradNorm(grads []*Tensor, max float64) float64 {
	handles, n := handlesOf(grads)
	var norm C.double
	check("clip gradients", unsafe.Pointer(C.mcl_clip_grad_norm(handles, n, C.double(max), &norm)))
	return float64(norm)
}

// AdamW holds the numbers of the update of Loshchilov and Hutter 2019 (arXiv 1711.05101).
type AdamW struct {
	LR, Beta1, Beta2, Eps, WeightDecay float64
}

// Step applies the update to parameters in place; m and v are the moments, steps one float32 counter each.
func (a AdamW) Step(parameters, grads, m, v, steps []*Tensor) {
	p, n := handlesOf(parameters)
	g, _ := handlesOf(grads)
	ms, _ := handlesOf(m)
	vs, _ := handlesOf(v)
	s, _ := handlesOf(steps)
	check("adamw", unsafe.Pointer(C.mcl_fused_adamw(p, g, ms, vs, s, n, C.double(a.LR), C.double(a.Beta1), C.double(a.Beta2), C.double(a.WeightDecay), C.double(a.Eps))))
}

func handlesOf(tensors []*Tensor) (*C.mcl_tensor, C.int) {
	handles := make([]C.mcl_tensor, len(tensors))
	for i, t := range tensors {
		handles[i] = C.mcl_tensor(t.handle)
	}
	return unsafe.SliceData(handles), C.int(len(handles))
}
