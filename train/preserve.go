package train

import (
	"fmt"
	"math"

	"github.com/mclclip/mclclip/clip"
)

// Preserve says what keeps a model near the one that it starts from, beside the locks. The zero value does nothing.
type Preserve struct {
	ImageLR         float64 `json:"image_lr,omitempty"`          // peak learning rate of the image tower; 0: LR
	TextLR          float64 `json:"text_lr,omitempty"`           // of the text tower
	ImageLayerDecay float64 `json:"image_layer_decay,omitempty"` // factor of the rate from each group of the image tower to the one before it; 0: none
	TextLayerDecay  float64 `json:"text_layer_decay,omitempty"`  // of the text tower
	EMA             float64 `json:"ema,omitempty"`               // decay of the average of the weights that is the result; 0: the last weights are
	KeepBase        float64 `json:"keep_base,omitempty"`         // weight in the loss of the distance of the features from the base model's
	ValEvery        int     `json:"val_every,omitempty"`         // steps between evaluations on held-out pairs, where there are any
	EarlyStop       int     `json:"early_stop,omitempty"`        // evaluations in a row without a lower loss that end training; the weights with the lowest are the result. 0: off

	LoRA clip.LoRA `json:"lora,omitzero"` // low-rank matrices learn in place of the weights; who makes the model adds them
}

// rate is the factor by which the learning rate of a parameter differs from LR, by its tower and its distance from the
// embedding (layer-wise decay: Howard and Ruder 2018, arXiv 1801.06146; counted as in open_clip). The projection, and what
// is of no tower, have the full rate.
func (c Config) rate(tower clip.Tower, depth int) float64 {
	lr, decay := 0.0, 0.0
	switch tower {
	case clip.ImageTower:
		lr, decay = c.ImageLR, c.ImageLayerDecay
	case clip.TextTower:
		lr, decay = c.TextLR, c.TextLayerDecay
	}
	factor := 1.0
	if lr > 0 {
		factor = lr / c.LR
	}
	if decay > 0 {
		factor *= math.Pow(decay, float64(depth))
	}
	return factor
}

func (p Preserve) validate() error {
	for _, rate := range []struct {
		flag  string
		value float64
	}{{"image-lr", p.ImageLR}, {"text-lr", p.TextLR}} {
		if !(rate.value >= 0) || math.IsInf(rate.value, 0) {
			return fmt.Errorf("--%s %g: want a number above 0, or 0 for --lr", rate.flag, rate.value)
		}
	}
	for _, decay := range []struct {
		flag  string
		value float64
	}{{"image-layer-decay", p.ImageLayerDecay}, {"text-layer-decay", p.TextLayerDecay}} {
		if !(decay.value >= 0 && decay.value <= 1) {
			return fmt.Errorf("--%s %g: want more than 0 and at most 1, or 0 for none", decay.flag, decay.value)
		}
	}
	if !(p.EMA >= 0 && p.EMA < 1) {
		return fmt.Errorf("--ema %g: want more than 0 and less than 1, for instance 0.999, or 0 for none", p.EMA)
	}
	if !(p.KeepBase >= 0) || math.IsInf(p.KeepBase, 0) {
		return fmt.Errorf("--keep-base %g: want a number above 0, or 0 for none", p.KeepBase)
	}
	if p.ValEvery < 0 {
		return fmt.Errorf("--val-every %d: want at least 1 step", p.ValEvery)
	}
	if p.EarlyStop < 0 {
		return fmt.Errorf("--early-stop %d: want at least 1 evaluation, or 0 to train all steps", p.EarlyStop)
	}
	return p.LoRA.Validate()
}
