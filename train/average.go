package train

import (
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// average is an exponential moving average of the trainable parameters, as PyTorch's AveragedModel keeps it: it starts as
// they do, and each step moves it by 1 - decay of its distance from them. Nil keeps none.
type average struct {
	decay  float64
	names  []string
	params []*torch.Tensor
	shadow []*torch.Tensor
}

func newAverage(decay float64, parameters []nn.Param) *average {
	if decay == 0 {
		return nil
	}
	a := &average{decay: decay}
	for _, p := range parameters {
		if p.Tensor.Trainable() {
			a.names, a.params = append(a.names, p.Name), append(a.params, p.Tensor)
			shadow := torch.Zeros(nil, p.Tensor.Device(), torch.Float32, p.Tensor.Shape()...)
			shadow.Set(p.Tensor)
			a.shadow = append(a.shadow, shadow)
		}
	}
	return a
}

// update comes after each step that was applied.
func (a *average) update() {
	if a == nil {
		return
	}
	for i, p := range a.params {
		a.shadow[i].Lerp(p, 1-a.decay)
	}
}

// swap exchanges the parameters and their average. A second call brings back what was there before, to the last bit.
func (a *average) swap() {
	if a == nil {
		return
	}
	for i, p := range a.params {
		swapped(p, a.shadow[i])
	}
}

func swapped(a, b *torch.Tensor) {
	scope := torch.NewScope()
	defer scope.Close()
	before := a.Copy(scope)
	a.Set(b)
	b.Set(before)
}

func (a *average) free() {
	if a == nil {
		return
	}
	for _, t := range a.shadow {
		t.Free()
	}
}
