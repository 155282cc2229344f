package torch

import (
	"slices"
	"testing"
)

func TestMasksChooseElements(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	rows, columns := FromInts(scope, []int64{1, 2}, 2, 1), FromInts(scope, []int64{2, 1, 2}, 1, 3)
	x := FromFloats(scope, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	if got := x.Masked(rows.Equal(columns), -9).Floats(); !slices.Equal(got, []float32{1, -9, 3, -9, 5, -9}) {
		t.Errorf("where equal: %v", got)
	}
	if got := x.Masked(rows.Equal(columns).Not(), -9).Floats(); !slices.Equal(got, []float32{-9, 2, -9, 4, -9, 6}) {
		t.Errorf("where not equal: %v", got)
	}
}

func TestLerp(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	x, to := FromFloats(scope, []float32{0, 8}, 2), FromFloats(scope, []float32{4, 0}, 2)
	x.Lerp(to, .25)
	if got := x.Floats(); !slices.Equal(got, []float32{1, 6}) {
		t.Errorf("got %v, want [1 6]", got)
	}
}

func TestMaxPoolLooksBeyondTheEdge(t *testing.T) {
	noLeak(t)
	scope := NewScope()
	defer scope.Close()
	x := FromFloats(scope, []float32{-1, -2, -3, -4, -5, -6, -7, -8, -9}, 1, 1, 3, 3)
	if got := x.MaxPool2d(3, 2, 1).Floats(); !slices.Equal(got, []float32{-1, -2, -4, -5}) {
		t.Errorf("got %v, want [-1 -2 -4 -5]", got)
	}
}
