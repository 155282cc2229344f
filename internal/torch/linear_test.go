package torch

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

func normals(r *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

// reference is y = x w^T + b, and the gradients of the sum of y times g, in float64.
func reference(x, w, b, g []float32, n, in, out int) (y, dx, dw, db []float64) {
	y, dx, dw, db = make([]float64, n*out), make([]float64, n*in), make([]float64, out*in), make([]float64, out)
	for i := range n {
		for o := range out {
			sum, grad := 0.0, float64(g[i*out+o])
			for k := range in {
				sum += float64(x[i*in+k]) * float64(w[o*in+k])
				dx[i*in+k] += grad * float64(w[o*in+k])
				dw[o*in+k] += grad * float64(x[i*in+k])
			}
			if b != nil {
				sum += float64(b[o])
			}
			y[i*out+o] = sum
			db[o] += grad
		}
	}
	return y, dx, dw, db
}

func far(got []float32, want []float64) float64 {
	most, size := 0.0, 1e-30
	if len(got) != len(want) {
		return math.Inf(1)
	}
	for i := range got {
		most, size = max(most, math.Abs(float64(got[i])-want[i])), max(size, math.Abs(want[i]))
	}
	return most / size
}

func TestLinearAndItsGradients(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := Live()
	r := rand.New(rand.NewPCG(1, 0))
	const in, out = 24, 40
	for name, shape := range map[string][]int64{"rows": {7, in}, "tokens": {3, 5, in}, "one": {1, in}} {
		for _, biased := range []bool{true, false} {
			scope := NewScope()
			n := int(shape[0])
			if len(shape) == 3 {
				n *= int(shape[1])
			}
			values, weights, g := normals(r, n*in), normals(r, out*in), normals(r, n*out)
			x, w := FromFloats(scope, values, shape...), FromFloats(scope, weights, out, in)
			x.SetTrainable(true)
			w.SetTrainable(true)
			var b *Tensor
			var offsets []float32
			if biased {
				offsets = normals(r, out)
				b = FromFloats(scope, offsets, out)
				b.SetTrainable(true)
			}
			y := x.Linear(w, b)
			y.Reshape(-1).Mul(FromFloats(scope, g, int64(n*out))).Sum(0).Backward()
			wantY, dx, dw, db := reference(values, weights, offsets, g, n, in, out)
			check := func(what string, got []float32, want []float64) {
				t.Helper()
				if off := far(got, want); off > 1e-5 {
					t.Errorf("%s, bias %v: %s is off by %.2g of its size", name, biased, what, off)
				}
			}
			check("the product", y.Floats(), wantY)
			check("the gradient of the input", x.Grad(scope).Floats(), dx)
			check("the gradient of the weight", w.Grad(scope).Floats(), dw)
			if biased {
				check("the gradient of the bias", b.Grad(scope).Floats(), db)
			}
			scope.Close()
		}
	}
	if left := Live() - before; left != 0 {
		t.Errorf("%d tensors are left", left)
	}
}

func TestLinearGivesGradientsToWhatIsTrainableOnly(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	scope := NewScope()
	defer scope.Close()
	r := rand.New(rand.NewPCG(2, 0))
	x, w, b := FromFloats(scope, normals(r, 12), 3, 4), FromFloats(scope, normals(r, 8), 2, 4), FromFloats(scope, normals(r, 2), 2)
	if x.Linear(w, b).Trainable() {
		t.Error("a product of constants wants a gradient")
	}
	b.SetTrainable(true)
	x.Linear(w, b).Sum(1).Sum(0).Backward()
	if x.Grad(scope) != nil || w.Grad(scope) != nil {
		t.Error("a constant has a gradient")
	}
	if got := b.Grad(scope).Floats(); got[0] != 3 || got[1] != 3 {
		t.Errorf("the gradient of the bias is %v, want 3 and 3", got)
	}
	w.SetTrainable(true)
	NoGrad(func() {
		if x.Linear(w, b).Trainable() {
			t.Error("a product without a graph wants a gradient")
		}
	})
}

// Under autocast the product is in bfloat16, as libtorch's own is.
func TestLinearFollowsAutocast(t *testing.T) {
	scope := NewScope()
	defer scope.Close()
	r := rand.New(rand.NewPCG(3, 0))
	x, w := FromFloats(scope, normals(r, 12), 3, 4), FromFloats(scope, normals(r, 8), 2, 4)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	Autocast(CPU, BFloat16, func() {
		if got := x.Linear(w, nil).DType(); got != BFloat16 {
			t.Errorf("the product is of type %d", got)
		}
	})
	if _, err := try(func() { x.Linear(FromFloats(scope, normals(r, 6), 2, 3), nil) }); err == nil {
		t.Error("sizes that do not fit are multiplied")
	}
}

func try(f func()) (ok bool, err error) {
	defer Recover(&err)
	f()
	return true, nil
}
