package train

import (
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// AdamW optimises the parameters of another model than CLIP in the same way: the same rates, warm-up, schedule and decay.
type AdamW struct {
	cfg  Config
	opt  *optimizer
	done int
}

// NewAdamW makes the optimizer of the parameters that are trainable now. Close frees its tensors.
func NewAdamW(params []nn.Param, cfg Config) *AdamW {
	return &AdamW{cfg: cfg, opt: newOptimizer(params, func(string) float64 { return 1 })}
}

// Clear drops the gradients before a backward pass.
func (a *AdamW) Clear() { torch.ClearGrads(a.opt.all) }

// Step applies the gradients that are in the parameters, unless they or the loss are not finite.
func (a *AdamW) Step(scope *torch.Scope, loss float64) Result {
	r := Result{Loss: loss, LR: a.cfg.LearningRate(a.done)}
	r.GradNorm = torch.ClipGradNorm(a.opt.gradients(scope), a.cfg.GradClip)
	if r.Applied = isFinite(r.Loss) && isFinite(r.GradNorm); r.Applied {
		a.opt.update(scope, a.cfg, r.LR)
	}
	a.done++
	return r
}

// Close frees the moments.
func (a *AdamW) Close() { a.opt.free() }
