package torch

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func noLeak(t *testing.T) {
	t.Helper()
	before := Live()
	t.Cleanup(func() {
		if after := Live(); after != before {
			t.Errorf("%d tensors are left", after-before)
		}
	})
}

func TestGradientOfASquareIsTwice(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	p := FromFloats(nil, []float32{3, -2}, 2)
	defer p.Free()
	p.SetTrainable(true)
	x := p.In(scope)
	x.Mul(x).Sum(0).Backward()
	got := p.Grad(scope).Floats()
	if got[0] != 6 || got[1] != -4 {
		t.Errorf("gradient is %v, want [6 -4]", got)
	}
	ClearGrads([]*Tensor{p})
	if p.Grad(scope) != nil {
		t.Error("the gradient is still there after ClearGrads")
	}
}

func TestAFailureNamesTheOperationAndShapes(t *testing.T) {
	noLeak(t)
	multiply := func() (err error) {
		defer Recover(&err)
		scope := NewScope()
		defer scope.Close()
		FromFloats(scope, make([]float32, 6), 2, 3).MatMul(FromFloats(scope, make([]float32, 8), 2, 4))
		return nil
	}
	err := multiply()
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want a *torch.Error", err)
	}
	if failure.Op != "matmul" || len(failure.Shapes) != 2 {
		t.Errorf("got %v, want the operation and both shapes", failure)
	}
}

func TestTidyRefusesATensorWithoutAScope(t *testing.T) {
	noLeak(t)
	x := FromFloats(nil, []float32{1, 2}, 2) // as a parameter
	defer x.Free()
	err := func() (err error) {
		defer Recover(&err)
		Tidy(x, func(x *Tensor) *Tensor { return x.Scale(2) })
		return nil
	}()
	var failure *Error
	if !errors.As(err, &failure) || !strings.Contains(err.Error(), "no scope") {
		t.Errorf("got %v, want an error that names the cause", err)
	}
}

func TestTidyKeepsOnlyItsResult(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	x := FromFloats(scope, []float32{1, 2}, 2)
	before := Live()
	y := Tidy(x, func(x *Tensor) *Tensor { return x.Scale(2).Scale(3).Scale(4) })
	if made := Live() - before; made != 1 {
		t.Errorf("%d tensors are left of Tidy, want 1", made)
	}
	if got := y.Floats(); got[0] != 24 || got[1] != 48 {
		t.Errorf("got %v, want [24 48]", got)
	}
}

func TestAdamWFollowsThePaper(t *testing.T) {
	noLeak(t)
	parameter := func(v float32) *Tensor { return FromFloats(nil, []float32{v}, 1) }
	p, m, v, step := parameter(1), parameter(0), parameter(0), FromFloats(nil, []float32{0})
	scope := NewScope()
	defer scope.Close()
	for _, owned := range []*Tensor{p, m, v, step} {
		defer owned.Free()
	}
	const lr, b1, b2, eps, wd = 0.1, 0.9, 0.98, 1e-6, 0.2
	want, wantM, wantV := 1.0, 0.0, 0.0
	for i, grad := range []float64{0.5, -0.25, 1} {
		g := FromFloats(scope, []float32{float32(grad)}, 1)
		AdamW{LR: lr, Beta1: b1, Beta2: b2, Eps: eps, WeightDecay: wd}.Step([]*Tensor{p}, []*Tensor{g}, []*Tensor{m}, []*Tensor{v}, []*Tensor{step})
		wantM, wantV = b1*wantM+(1-b1)*grad, b2*wantV+(1-b2)*grad*grad
		k := float64(i + 1)
		want -= lr * wd * want
		want -= lr * wantM / (1 - math.Pow(b1, k)) / (math.Sqrt(wantV/(1-math.Pow(b2, k))) + eps)
		if got := float64(p.Floats()[0]); math.Abs(got-want) > 1e-6 {
			t.Errorf("step %d: got %v, want %v", i+1, got, want)
		}
	}
}

func TestClipGradNormScalesToTheBound(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	a, b := FromFloats(scope, []float32{3}, 1), FromFloats(scope, []float32{4}, 1)
	if norm := ClipGradNorm([]*Tensor{a, b}, 1); math.Abs(norm-5) > 1e-6 {
		t.Errorf("norm is %v, want 5", norm)
	}
	if got := a.Floats()[0]; math.Abs(float64(got)-0.6) > 1e-5 {
		t.Errorf("clipped gradient is %v, want 0.6", got)
	}
}

func TestParameterAloneNeedsAScope(t *testing.T) {
	noLeak(t)
	p := FromFloats(nil, []float32{1}, 1)
	defer p.Free()
	err := func() (err error) {
		defer Recover(&err)
		p.Exp()
		return nil
	}()
	if err == nil {
		t.Error("an operation on a parameter alone found an owner")
	}
}

func TestATensorMayHaveNoAxes(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	if got := Zeros(scope, CPU, Float32).Shape(); len(got) != 0 {
		t.Errorf("the shape is %v, want none", got)
	}
	if got := FromFloats(scope, []float32{7}, 1).Reshape(); len(got.Shape()) != 0 || got.Item() != 7 {
		t.Errorf("got %v of shape %v, want 7 without axes", got.Item(), got.Shape())
	}
}

// The batch that pixels and tokens are uploaded from is used again at once.
func TestUploadsAreCopies(t *testing.T) {
	scope := NewScope()
	defer scope.Close()
	bytes, ints := []byte{1, 2, 3, 4}, []int64{5, 6}
	a, b := Upload(scope, CPU, bytes, Uint8, 2, 2), UploadInts(scope, CPU, ints, 2, 1)
	bytes[0], ints[0] = 9, 9
	if a.Bytes()[0] != 1 || !slices.Equal(b.Ints(), []int64{5, 6}) || a.Device() != CPU || !slices.Equal(b.Shape(), []int64{2, 1}) {
		t.Errorf("got %v and %v", a.Bytes(), b.Ints())
	}
}
