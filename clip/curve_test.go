package clip

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// recipe is how open_clip trains: weight decay on matrices only, and a bound on the logit scale.
type recipe struct {
	decays func(p nn.Param) bool
	bound  float64
}

var openClips = recipe{decays: decaysMatrices, bound: math.Log(100)}

func decaysMatrices(p nn.Param) bool {
	for _, part := range []string{"bn", "ln", "bias", "logit_scale"} {
		if strings.Contains(p.Name, part) {
			return false
		}
	}
	return len(p.Shape) >= 2
}

// curveTolerance is relative to the largest loss. The differences of the gradients add up over the 20 steps, and Adam
// divides by their size.
const curveTolerance = 1e-4

func TestLossCurvesEqualPyTorchs(t *testing.T) {
	for _, name := range []string{"usual", "bound"} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			if d := curveDiff(t, name, openClips); d > curveTolerance {
				t.Errorf("the curve differs by %g of its size", d)
			}
		})
	}
}

func TestLossCurvesOfOtherRecipesDiffer(t *testing.T) {
	everywhere := func(nn.Param) bool { return true }
	nowhere := func(nn.Param) bool { return false }
	for _, fault := range []struct {
		name, curve string
		recipe      recipe
	}{
		{"decay on norms and biases", "usual", recipe{everywhere, openClips.bound}},
		{"no decay", "usual", recipe{nowhere, openClips.bound}},
		{"no bound on the logit scale", "bound", recipe{decaysMatrices, math.Inf(1)}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			torchtest.NoLeak(t)
			if d := curveDiff(t, fault.curve, fault.recipe); d < 5*curveTolerance {
				t.Errorf("the curve differs by %g of its size only", d)
			}
		})
	}
}

// curveDiff trains the golden's model by a recipe and returns how far its losses are from the golden ones.
func curveDiff(t *testing.T, curve string, r recipe) float64 {
	golden := torchtest.Open(t, "testdata/curves.safetensors")
	m := goldenModel(t, torchtest.Open(t, "testdata/quickgelu.safetensors"), nil)
	m.LogitScale.Fill(float64(golden.Floats(curve + "/start")[0]))
	opt := newAdam(t, m, r)
	want := golden.Floats(curve + "/loss")
	got := make([]float32, len(want))
	for step := range got {
		got[step] = opt.step(m, golden, step%3)
		m.LogitScale.Clamp(0, r.bound)
	}
	return torchtest.RelDiff(got, want)
}

// adam is AdamW with and without decay.
type adam struct {
	groups map[float64]*moments
}

type moments struct{ params, m, v, steps []*torch.Tensor }

func newAdam(t *testing.T, m *Model, r recipe) adam {
	a := adam{groups: map[float64]*moments{0: {}, 0.2: {}}}
	zeros := func(shape ...int64) *torch.Tensor {
		z := torch.Zeros(nil, torch.CPU, torch.Float32, shape...)
		t.Cleanup(z.Free)
		return z
	}
	for _, p := range m.Parameters() {
		decay := 0.0
		if r.decays(p) {
			decay = 0.2
		}
		g := a.groups[decay]
		g.params = append(g.params, p.Tensor)
		g.m, g.v = append(g.m, zeros(p.Shape...)), append(g.v, zeros(p.Shape...))
		g.steps = append(g.steps, zeros())
	}
	return a
}

// step updates the model on one of the golden's batches and returns the loss before.
func (a adam) step(m *Model, golden *torchtest.Golden, batch int) float32 {
	scope := torch.NewScope()
	defer scope.Close()
	pixels, tokens := golden.Tensor(scope, fmt.Sprint("pixels/", batch)), golden.Tensor(scope, fmt.Sprint("tokens/", batch))
	loss := Loss(m.EncodeImage(pixels), m.EncodeText(tokens), m.LogitScale, 1)
	loss.Backward()
	for decay, g := range a.groups {
		if len(g.params) == 0 {
			continue
		}
		grads := make([]*torch.Tensor, len(g.params))
		for i, p := range g.params {
			grads[i] = p.Grad(scope)
		}
		update := torch.AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.98, Eps: 1e-6, WeightDecay: decay}
		update.Step(g.params, grads, g.m, g.v, g.steps)
		torch.ClearGrads(g.params)
	}
	return loss.Floats()[0]
}
