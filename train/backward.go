package train

import (
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// keepNoActivations makes the blocks of the model's transformers run again in the backward pass.
func (t *Trainer) keepNoActivations() {
	t.tape = &nn.Tape{}
	t.model.SetTape(t.tape)
}

// backward leaves the gradient of a scalar in the parameters.
func (t *Trainer) backward(scalar *torch.Tensor) {
	defer t.span("backward")()
	scalar.Backward()
	t.tape.Backward(func(forward func()) { t.cfg.compute(t.model.Device(), forward) })
}
