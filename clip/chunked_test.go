package clip

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// lossInputs are features of pairs, some of which are near one another, and the parameters of the losses.
func lossInputs(scope *torch.Scope, b, e int64) map[string]*torch.Tensor {
	r := rand.New(rand.NewPCG(uint64(b), uint64(e)))
	image, text := make([]float32, b*e), make([]float32, b*e)
	for i := range image {
		image[i] = float32(r.NormFloat64())
		text[i] = image[i]/2 + float32(r.NormFloat64())
	}
	in := map[string]*torch.Tensor{
		"image": torch.FromFloats(scope, image, b, e), "text": torch.FromFloats(scope, text, b, e),
		"logit_scale": torch.FromFloats(scope, []float32{2.5}).Reshape(), "logit_bias": torch.FromFloats(scope, []float32{-3}).Reshape(),
	}
	for _, x := range in {
		x.SetTrainable(true)
	}
	return in
}

// differentiated returns a loss of b pairs and its gradients by name.
func differentiated(b int64, loss func(in map[string]*torch.Tensor) *torch.Tensor) (value float64, grads map[string][]float32) {
	scope := torch.NewScope()
	defer scope.Close()
	in := lossInputs(scope, b, 24)
	l := loss(in)
	l.Backward()
	grads = map[string][]float32{}
	for name, x := range in {
		if grad := x.Grad(scope); grad != nil {
			grads[name] = grad.Floats()
		}
	}
	return l.Item(), grads
}

// double are the inputs in float64, in which the whole is computed that chunks are held against.
func double(in map[string]*torch.Tensor) map[string]*torch.Tensor {
	out := map[string]*torch.Tensor{}
	for name, x := range in {
		out[name] = x.To(torch.CPU, torch.Float64)
	}
	return out
}

// The last chunk of a group is smaller than the others in most of these.
func TestChunksGiveTheLossOfTheWhole(t *testing.T) {
	torchtest.NoLeak(t)
	const b = 120
	for name, of := range map[string]struct {
		whole  func(in map[string]*torch.Tensor, groups int) *torch.Tensor
		chunks func(in map[string]*torch.Tensor, groups int, most int64) *torch.Tensor
	}{
		"softmax": {
			func(in map[string]*torch.Tensor, groups int) *torch.Tensor {
				return Loss(in["image"], in["text"], in["logit_scale"], groups)
			},
			func(in map[string]*torch.Tensor, groups int, most int64) *torch.Tensor {
				return chunkedLoss(in["image"], in["text"], in["logit_scale"], groups, most)
			},
		},
		"sigmoid": {
			func(in map[string]*torch.Tensor, groups int) *torch.Tensor {
				return SigmoidLoss(in["image"], in["text"], in["logit_scale"], in["logit_bias"], groups)
			},
			func(in map[string]*torch.Tensor, groups int, most int64) *torch.Tensor {
				return chunkedSigmoidLoss(in["image"], in["text"], in["logit_scale"], in["logit_bias"], groups, most)
			},
		},
	} {
		for _, groups := range []int{1, 3, 8} {
			want, wantGrads := differentiated(b, func(in map[string]*torch.Tensor) *torch.Tensor { return of.whole(double(in), groups) })
			for _, most := range []int64{200, 700, 1 << 20} {
				got, grads := differentiated(b, func(in map[string]*torch.Tensor) *torch.Tensor { return of.chunks(in, groups, most) })
				if math.Abs(got-want) > 1e-6*want {
					t.Errorf("%s, %d groups, %d logits: the loss is %v, want %v", name, groups, most, got, want)
				}
				if len(grads) != len(wantGrads) {
					t.Fatalf("%s: gradients by %d inputs, want %d", name, len(grads), len(wantGrads))
				}
				for input, grad := range grads {
					if d := torchtest.RelDiff(grad, wantGrads[input]); d > 1e-6 {
						t.Errorf("%s, %d groups, %d logits: the gradient by %s differs by %g of its size", name, groups, most, input, d)
					}
				}
			}
			// What is held against the wrong groups differs.
			_, grads := differentiated(b, func(in map[string]*torch.Tensor) *torch.Tensor { return of.chunks(in, 5*groups, 700) })
			if d := torchtest.RelDiff(grads["image"], wantGrads["image"]); d < 1e-2 {
				t.Errorf("%s: the gradient of five times %d groups differs by %g of its size only", name, groups, d)
			}
		}
	}
}

// Locked captions, and a loss that is only looked at, ask for no gradients.
func TestChunksDifferentiateWhatLearns(t *testing.T) {
	torchtest.NoLeak(t)
	value, grads := differentiated(60, func(in map[string]*torch.Tensor) *torch.Tensor {
		return chunkedLoss(in["image"], in["text"].Detach(), in["logit_scale"], 2, 100)
	})
	if grads["text"] != nil || grads["image"] == nil {
		t.Errorf("gradients by text %v, by image %v", grads["text"] != nil, grads["image"] != nil)
	}
	scope := torch.NewScope()
	defer scope.Close()
	torch.NoGrad(func() {
		in := lossInputs(scope, 60, 24)
		if seen := chunkedLoss(in["image"], in["text"], in["logit_scale"], 2, 100); seen.Trainable() || seen.Item() != value {
			t.Errorf("without a graph: %v, want %v", seen.Item(), value)
		}
	})
}

// Of 6,000 pairs the logits alone are 144 MB, and the whole loss with its gradient holds several such matrices.
func TestMemoryOfALargeBatchIsThatOfAChunk(t *testing.T) {
	const b = 6000
	runtime.LockOSThread() // threads have heaps of their own
	defer runtime.UnlockOSThread()
	step := func(loss func(in map[string]*torch.Tensor) *torch.Tensor) int64 {
		return peak(t, func() { differentiated(b, loss) })
	}
	whole := step(func(in map[string]*torch.Tensor) *torch.Tensor {
		return chunkedLoss(in["image"], in["text"], in["logit_scale"], 1, b*b)
	})
	chunks := step(func(in map[string]*torch.Tensor) *torch.Tensor {
		return Loss(in["image"], in["text"], in["logit_scale"], 1)
	})
	if chunks > 250<<20 || whole < 500<<20 {
		t.Errorf("a batch takes %d MB in chunks and %d MB whole", chunks>>20, whole>>20)
	}
}
