package train

import (
	"fmt"
	"math"
	"time"

	"github.com/mclclip/mclclip/internal/torch"
)

// Config is what a run is. Names and meanings are open_clip's; the defaults are for fine-tuning, not for training from
// random weights.
type Config struct {
	BatchSize    int     `json:"batch_size"`    // pairs in one forward pass
	AccumFreq    int     `json:"accum_freq"`    // forward passes in one step; the loss is that of the whole batch
	Groups       int     `json:"groups"`        // equal blocks of a batch that do not see one another in the loss
	Steps        int     `json:"steps"`         // optimisation steps
	HardFraction float64 `json:"hard_fraction"` // share of the batches that are made of Groups blocks; the others are one block
	LR           float64 `json:"lr"`            // peak learning rate
	Beta1        float64 `json:"beta1"`         // AdamW, first moment
	Beta2        float64 `json:"beta2"`         // AdamW, second moment
	Eps          float64 `json:"eps"`           // AdamW
	WeightDecay  float64 `json:"wd"`            // AdamW; none on norms, biases and the logit scale
	Warmup       int     `json:"warmup"`        // steps of linear warm-up
	Scheduler    string  `json:"lr_scheduler"`  // "cosine" or "const", after the warm-up
	GradClip     float64 `json:"grad_clip_norm"`
	Precision    string  `json:"precision"` // "fp32" or "amp_bf16"

	Preserve

	GradCheckpointing bool `json:"-"` // keep no activations of transformer blocks, compute them twice; the result is the same

	SaveEvery   int           `json:"-"` // steps between checkpoints; 0: only at the end and when interrupted
	SaveMinutes time.Duration `json:"-"` // time between checkpoints; 0: by steps only
	SaveEpochs  bool          `json:"-"` // a checkpoint at the end of each epoch
	Keep        int           `json:"-"` // checkpoints that stay
}

// DefaultConfig returns settings that fine-tune a pretrained CLIP without destroying it: the rate is that of published
// fine-tunes (1e-5), betas and eps are open_clip's for ViTs.
func DefaultConfig() Config {
	return Config{
		BatchSize: 64, AccumFreq: 1, Groups: 1, HardFraction: 1,
		LR: 1e-5, Beta1: 0.9, Beta2: 0.98, Eps: 1e-6, WeightDecay: 0.1, Warmup: 50, Scheduler: "cosine",
		Precision: "fp32", SaveMinutes: 10 * time.Minute, Keep: 2,
	}
}

// GlobalBatch is the number of pairs of one optimisation step, b in the paper.
func (c Config) GlobalBatch() int { return c.BatchSize * c.AccumFreq }

// Validate names the first setting that cannot be.
func (c Config) Validate() error {
	for _, check := range []struct {
		bad  bool
		text string
	}{
		{c.BatchSize < 1, fmt.Sprintf("--batch-size %d: want at least 1", c.BatchSize)},
		{c.AccumFreq < 1, fmt.Sprintf("--accum-freq %d: want at least 1", c.AccumFreq)},
		{c.Groups < 1, fmt.Sprintf("--groups %d: want at least 1", c.Groups)},
		{c.Groups >= 1 && c.GlobalBatch()%max(c.Groups, 1) != 0, fmt.Sprintf("--groups %d does not divide the batch of %d pairs", c.Groups, c.GlobalBatch())},
		{c.Groups >= 1 && c.GlobalBatch()/max(c.Groups, 1) < 2, fmt.Sprintf("--groups %d leaves %d pair of the batch of %d to a group; a pair needs at least one negative: raise --batch-size or lower --groups", c.Groups, c.GlobalBatch()/max(c.Groups, 1), c.GlobalBatch())},
		{!(c.HardFraction > 0 && c.HardFraction <= 1), fmt.Sprintf("--hard-fraction %g: want more than 0 and at most 1; --negatives random is 0", c.HardFraction)},
		{c.Steps < 0, fmt.Sprintf("--steps %d: want at least 0", c.Steps)},
		{!(c.LR > 0) || math.IsInf(c.LR, 0), fmt.Sprintf("--lr %g: want a number above 0", c.LR)},
		{c.Warmup < 0, fmt.Sprintf("--warmup %d: want at least 0 steps", c.Warmup)},
		{!(c.WeightDecay >= 0) || math.IsInf(c.WeightDecay, 0), fmt.Sprintf("--wd %g: want a number from 0 on", c.WeightDecay)},
		{!(c.GradClip >= 0) || math.IsInf(c.GradClip, 0), fmt.Sprintf("--grad-clip-norm %g: want a number from 0 on", c.GradClip)},
		{!(c.Beta1 >= 0 && c.Beta1 < 1), fmt.Sprintf("--beta1 %g: want 0 to less than 1", c.Beta1)},
		{!(c.Beta2 >= 0 && c.Beta2 < 1), fmt.Sprintf("--beta2 %g: want 0 to less than 1", c.Beta2)},
		{!(c.Eps > 0), fmt.Sprintf("--eps %g: want more than 0", c.Eps)},
		{schedules[c.Scheduler] == nil, fmt.Sprintf("--lr-scheduler %q: want cosine or const", c.Scheduler)},
		{c.Precision != "fp32" && c.Precision != "amp_bf16", fmt.Sprintf("--precision %q: want fp32 or amp_bf16", c.Precision)},
		{c.SaveEvery < 0, fmt.Sprintf("--save-every %d: want at least 0 steps", c.SaveEvery)},
		{c.Keep < 1, fmt.Sprintf("--keep %d: want at least 1 checkpoint", c.Keep)},
	} {
		if check.bad {
			return fmt.Errorf("%s", check.text)
		}
	}
	return c.Preserve.validate()
}

// compute runs the forward pass in the precision of the configuration.
func (c Config) compute(device torch.Device, forward func()) {
	if c.Precision == "amp_bf16" {
		torch.Autocast(device, torch.BFloat16, forward)
		return
	}
	forward()
}
