package nn

import "fmt"

// NormOptions is the norm_kwargs of open_clip's configurations.
type NormOptions struct {
	Eps float64 `json:"eps,omitempty"` // of every LayerNorm; 0 stands for DefaultEps
}

// ActivationOptions is the act_kwargs of open_clip's configurations.
type ActivationOptions struct {
	Approximate string `json:"approximate,omitempty"` // "tanh", or "none" and "" for the exact GELU
}

// Activation returns the activation of a tower.
func (o ActivationOptions) Activation(quick bool) Activation {
	switch {
	case quick:
		return QuickGELU
	case o.Approximate == "tanh":
		return TanhGELU
	}
	return GELU
}

// Validate says what no activation can be made of.
func (o ActivationOptions) Validate() error {
	switch o.Approximate {
	case "", "none", "tanh":
		return nil
	}
	return fmt.Errorf("act_kwargs: approximate is %q; want none or tanh", o.Approximate)
}
