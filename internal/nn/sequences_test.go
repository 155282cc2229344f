package nn

import (
	"slices"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// captions are four sequences in rows of nine places; the third fills its row.
var captionEnds = []int64{3, 1, 8, 5}

const captionLength = 9

// pass runs blocks over the same captions, packed or whole with their padding, and returns the tokens that are read at the
// end [4, 16] and the gradients of the parameters by a sum over them. The ends alone are computed where short is true.
func (s stack) pass(t *testing.T, packed, short bool) (read []float32, grads map[string][]float32) {
	t.Helper()
	torchtest.NoLeak(t)
	scope := torch.NewScope()
	defer scope.Close()
	rows := s.input.In(scope).Reshape(4, captionLength, -1)
	q := Packed(scope, torch.CPU, captionEnds, captionLength)
	if !packed {
		q = Whole(scope, torch.CPU, captionEnds, captionLength)
		q.visible = Packed(scope, torch.CPU, captionEnds, captionLength).visible
	}
	x := q.Tokens(rows)
	var y *torch.Tensor
	if short {
		y = s.blocks.ForwardEnds(nil, x, q)
	} else {
		y = q.read(s.blocks.Forward(x, q))
	}
	y.Mul(y).Sum(1).Sum(0).Backward()
	grads = map[string][]float32{}
	for _, p := range s.params {
		grads[p.Name] = p.Tensor.Grad(scope).Floats()
		torch.ClearGrads([]*torch.Tensor{p.Tensor})
	}
	return y.Floats(), grads
}

// What is left out, padding and the tokens of the last block that nobody reads, changes neither what is read nor a gradient;
// only the order of sums differs.
func TestWhatNobodyReadsIsNotComputed(t *testing.T) {
	const rounding = 1e-5
	s := newStack(t)
	for _, b := range s.blocks {
		b.Attention.Causal = true
	}
	want, wantGrads := s.pass(t, false, false)
	for name, got := range map[string][2]bool{"packed": {true, false}, "ends alone": {false, true}, "both": {true, true}} {
		read, grads := s.pass(t, got[0], got[1])
		if d := torchtest.RelDiff(read, want); d > rounding {
			t.Errorf("%s: what is read differs by %g", name, d)
		}
		for p, grad := range grads {
			if d := torchtest.RelDiff(grad, wantGrads[p]); d > rounding {
				t.Errorf("%s: the gradient of %s differs by %g", name, p, d)
			}
		}
	}
}

// Without the causal mask padding does change something, and the test above would see it.
func TestWhatIsReadDependsOnTheMask(t *testing.T) {
	s := newStack(t)
	want, _ := s.pass(t, false, false)
	if read, _ := s.pass(t, true, false); torchtest.RelDiff(read, want) < 1e-3 {
		t.Error("the padding changes nothing")
	}
}

func TestPackedLeavesPaddingOut(t *testing.T) {
	torchtest.NoLeak(t)
	scope := torch.NewScope()
	defer scope.Close()
	s := Packed(scope, torch.CPU, []int64{1, 0, 2}, 3)
	rows := torch.FromInts(scope, []int64{10, 11, -1, 20, -1, -1, 30, 31, 32}, 3, 3)
	if got, want := s.Tokens(rows).Ints(), []int64{10, 11, 20, 30, 31, 32}; !slices.Equal(got, want) {
		t.Errorf("the tokens are %v, want %v", got, want)
	}
	x := torch.FromFloats(scope, []float32{1, 2, 3, 4, 5, 6}, 6, 1)
	if got, want := s.spread(x).Floats(), []float32{1, 2, 0, 3, 0, 0, 4, 5, 6}; !slices.Equal(got, want) {
		t.Errorf("the places hold %v, want %v", got, want)
	}
	if got, want := s.read(x).Floats(), []float32{2, 3, 6}; !slices.Equal(got, want) {
		t.Errorf("read are %v, want %v", got, want)
	}
}
