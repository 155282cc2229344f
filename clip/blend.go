package clip

import (
	"fmt"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// CheckBlend tells why weights of two configurations cannot be blended.
func CheckBlend(base, tuned Config) error {
	if sameModel(base, tuned) {
		return nil
	}
	return fmt.Errorf("the tuned model is not the base model's architecture: %s, and %s", describe(tuned), describe(base))
}

// Blend makes the model with the weights (1 - alpha) base + alpha tuned (WiSE-FT: Wortsman et al. 2022, arXiv 2109.01903), of
// all parameters and running statistics; counters are the tuned model's. An alpha of 0 gives the base model, 1 the tuned one, to the last
// bit.
func Blend(base, tuned *Model, alpha float64) (*Model, error) {
	if err := CheckBlend(base.Config, tuned.Config); err != nil {
		return nil, err
	}
	if len(base.adapters)+len(tuned.adapters) > 0 {
		return nil, fmt.Errorf("models with low-rank matrices are blended after MergeLoRA")
	}
	next := 0
	return build(base.Config, func(nn.Param) (t *torch.Tensor, err error) {
		defer torch.Recover(&err)
		from, to := base.params[next].Tensor, tuned.params[next].Tensor
		next++
		t = torch.Zeros(nil, base.Device(), from.DType(), from.Shape()...)
		if t.DType() != torch.Float32 {
			t.Set(to)
			return t, nil
		}
		t.Set(from)
		t.Lerp(to, alpha)
		return t, nil
	})
}
