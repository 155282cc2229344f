package clip

import (
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// Tolerances of float32: features are sums of a few hundred products of size 1 and compared by their absolute difference;
// losses and gradients go through twice as many and are compared relative to the largest element of the tensor.
const (
	featureTolerance  = 1e-5
	gradientTolerance = 1e-4
)

func TestFeaturesEqualOpenClips(t *testing.T) {
	for _, name := range []string{"quickgelu", "gelu"} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			g := torchtest.Open(t, "testdata/"+name+".safetensors")
			image, text := featureDiffs(g, goldenModel(t, g, nil))
			if image > featureTolerance || text > featureTolerance {
				t.Errorf("image features differ by %g, text features by %g", image, text)
			}
		})
	}
}

func TestFeaturesOfTheOtherActivationDiffer(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "testdata/quickgelu.safetensors")
	image, text := featureDiffs(g, goldenModel(t, g, useGELU))
	if image < 100*featureTolerance || text < 100*featureTolerance {
		t.Errorf("image features differ by %g, text features by %g only", image, text)
	}
}

func featureDiffs(g *torchtest.Golden, m *Model) (image, text float64) {
	scope := torch.NewScope()
	defer scope.Close()
	torch.NoGrad(func() {
		image = torchtest.MaxDiff(m.EncodeImage(g.Tensor(scope, "pixels")).Floats(), g.Floats("image"))
		text = torchtest.MaxDiff(m.EncodeText(g.Tensor(scope, "tokens")).Floats(), g.Floats("text"))
	})
	return image, text
}

func TestGradientsEqualPyTorchs(t *testing.T) {
	for _, name := range []string{"quickgelu", "gelu"} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			g := torchtest.Open(t, "testdata/"+name+".safetensors")
			m := goldenModel(t, g, nil)
			if d := lossDiff(g, m); d > gradientTolerance {
				t.Errorf("the loss differs by %g of its size", d)
			}
			worst, where := gradientDiff(t, name, m)
			if worst > gradientTolerance {
				t.Errorf("the gradient of %s differs by %g of its size", where, worst)
			}
		})
	}
}

func TestGradientsOfTheOtherActivationDiffer(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "testdata/quickgelu.safetensors")
	m := goldenModel(t, g, useGELU)
	lossDiff(g, m)
	if worst, _ := gradientDiff(t, "quickgelu", m); worst < 10*gradientTolerance {
		t.Errorf("the gradients differ by %g of their size only", worst)
	}
}

// lossDiff computes the loss of the golden's batch and its gradients, and returns how far the loss is from the golden's.
func lossDiff(g *torchtest.Golden, m *Model) float64 {
	scope := torch.NewScope()
	defer scope.Close()
	loss := Loss(m.EncodeImage(g.Tensor(scope, "pixels")), m.EncodeText(g.Tensor(scope, "tokens")), m.LogitScale, 1)
	loss.Backward()
	return torchtest.RelDiff(loss.Floats(), g.Floats("loss"))
}

// gradientDiff drops the model's gradients and returns the largest difference to the golden ones.
func gradientDiff(t *testing.T, name string, m *Model) (worst float64, where string) {
	want := torchtest.Open(t, "testdata/"+name+"-grads.safetensors")
	if got := len(m.Parameters()); got != len(want.Names()) {
		t.Fatalf("there are %d parameters, want %d", got, len(want.Names()))
	}
	scope := torch.NewScope()
	defer scope.Close()
	for _, p := range m.Parameters() {
		grad := p.Tensor.Grad(scope)
		if grad == nil {
			t.Fatalf("%s has no gradient", p.Name)
		}
		if d := torchtest.RelDiff(grad.Floats(), want.Floats("grad/"+p.Name)); d > worst {
			worst, where = d, p.Name
		}
		torch.ClearGrads([]*torch.Tensor{p.Tensor})
	}
	return worst, where
}
