package torch

import (
	"math"
	"slices"
	"testing"
)

func TestBatchNormMovesTheRunningStatistics(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	x := FromFloats(scope, []float32{1, 3, 5, 7}, 2, 1, 1, 2) // one channel: mean 4, variance 5, unbiased 20/3
	weight, bias := FromFloats(scope, []float32{2}, 1), FromFloats(scope, []float32{1}, 1)
	mean, variance := FromFloats(scope, []float32{0}, 1), FromFloats(scope, []float32{1}, 1)
	norm := BatchNorm{Momentum: 0.1}
	near := func(what string, got float32, want float64) {
		t.Helper()
		if math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("by running statistics", norm.Apply(x, weight, bias, mean, variance).Floats()[3], 2*7+1)
	near("the mean left alone", mean.Floats()[0], 0)
	norm.Training = true
	near("by the batch", norm.Apply(x, weight, bias, mean, variance).Floats()[3], 2*3/math.Sqrt(5)+1)
	near("the running mean", mean.Floats()[0], 0.1*4)
	near("the running variance", variance.Floats()[0], 0.9+0.1*20/3)
}

func TestAvgPoolCutsWhatIsLeft(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	x := FromFloats(scope, []float32{1, 2, 9, 3, 6, 9, 9, 9, 9}, 1, 1, 3, 3)
	if got := x.AvgPool2d(2).Floats(); !slices.Equal(got, []float32{3}) {
		t.Errorf("got %v, want [3]", got)
	}
}

func TestSetPutsACopyBack(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	x := FromInts(scope, []int64{1, 2}, 2)
	kept := x.Copy(scope)
	x.Increment()
	if got := x.Ints(); !slices.Equal(got, []int64{2, 3}) {
		t.Errorf("got %v, want [2 3]", got)
	}
	x.Set(kept)
	if got := x.Ints(); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("got %v, want [1 2]", got)
	}
	err := func() (err error) {
		defer Recover(&err)
		x.Set(FromInts(scope, []int64{1, 2, 3}, 3))
		return nil
	}()
	if err == nil {
		t.Error("a tensor of another shape was put in")
	}
}
