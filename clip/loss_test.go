package clip

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// lossAndGradients returns the loss of the golden's features in groups, and its gradients by their name in the file.
func lossAndGradients(g *torchtest.Golden, groups int) (loss float64, grads map[string][]float32) {
	scope := torch.NewScope()
	defer scope.Close()
	inputs := map[string]*torch.Tensor{}
	for _, name := range []string{"image", "text", "logit_scale"} {
		inputs[name] = g.Tensor(scope, name)
		inputs[name].SetTrainable(true)
	}
	l := Loss(inputs["image"], inputs["text"], inputs["logit_scale"], groups)
	l.Backward()
	grads = map[string][]float32{}
	for name, input := range inputs {
		grads[name] = input.Grad(scope).Floats()
	}
	return l.Item(), grads
}

// The golden masks the full [b, b] logits to the diagonal blocks; here they are never made.
func TestLossSeesOnlyTheOwnGroup(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "testdata/loss.safetensors")
	for _, groups := range []int{1, 2, 3, 6} {
		loss, grads := lossAndGradients(g, groups)
		want := float64(g.Floats(fmt.Sprintf("%d/loss", groups))[0])
		if math.Abs(loss-want) > 1e-6*want {
			t.Errorf("%d groups: the loss is %v, want %v", groups, loss, want)
		}
		for name, grad := range grads {
			if d := torchtest.RelDiff(grad, g.Floats(fmt.Sprintf("%d/%s", groups, name))); d > 1e-5 {
				t.Errorf("%d groups: the gradient of %s differs by %g of its size", groups, name, d)
			}
		}
	}
}

func TestLossWithoutTheMaskDiffers(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "testdata/loss.safetensors")
	loss, grads := lossAndGradients(g, 1)
	want := float64(g.Floats("3/loss")[0])
	if math.Abs(loss-want) < 1e-2*want {
		t.Errorf("the loss without groups is %v, too near to %v with 3", loss, want)
	}
	for name, grad := range grads {
		if d := torchtest.RelDiff(grad, g.Floats("3/"+name)); d < 1e-2 {
			t.Errorf("the gradient of %s without groups differs by %g of its size only", name, d)
		}
	}
}

func TestLossIsSymmetricAndBlindToLength(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "testdata/loss.safetensors")
	scope := torch.NewScope()
	defer scope.Close()
	image, text, scale := g.Tensor(scope, "image"), g.Tensor(scope, "text"), g.Tensor(scope, "logit_scale")
	want := Loss(image, text, scale, 2).Item()
	for name, got := range map[string]float64{
		"towers exchanged": Loss(text, image, scale, 2).Item(),
		"features scaled":  Loss(image.Scale(7), text.Scale(0.1), scale, 2).Item(),
	} {
		if math.Abs(got-want) > 1e-6*want {
			t.Errorf("%s: the loss is %v, want %v", name, got, want)
		}
	}
}

func TestGroupsThatDoNotDivideTheBatchAreRefused(t *testing.T) {
	torchtest.NoLeak(t)
	err := func() (err error) {
		defer torch.Recover(&err)
		scope := torch.NewScope()
		defer scope.Close()
		x := torch.Zeros(scope, torch.CPU, torch.Float32, 6, 2)
		Loss(x, x, torch.Zeros(scope, torch.CPU, torch.Float32), 4)
		return nil
	}()
	if err == nil || !strings.Contains(err.Error(), "[6 2]") {
		t.Errorf("got %v, want an error with the features' shape", err)
	}
}
