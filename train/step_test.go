package train

import (
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/vision"
)

// The curve is PyTorch's: open_clip's model, loss, parameter groups and clamp, and torch.optim.AdamW.
func TestTwentyStepsFollowPyTorch(t *testing.T) {
	for _, name := range []string{"usual", "bound"} {
		for change, spoil := range map[string]func(*Trainer){
			"as it is":           func(*Trainer) {},
			"beta2 0.999":        func(t *Trainer) { t.cfg.Beta2 = 0.999 },
			"eps 1e-3":           func(t *Trainer) { t.cfg.Eps = 1e-3 },
			"decay on all":       func(t *Trainer) { t.opt.decay(true) },
			"decay on none":      func(t *Trainer) { t.opt.decay(false) },
			"half of the rate":   func(t *Trainer) { t.cfg.LR /= 2 },
			"gradients clipped":  func(t *Trainer) { t.cfg.GradClip = 0.1 },
			"two groups of rows": func(t *Trainer) { t.cfg.Groups = 2 },
		} {
			t.Run(name+", "+change, func(t *testing.T) {
				off := curveDiff(t, name, spoil)
				if change == "as it is" && off > 1e-4 {
					t.Errorf("the losses are off by %.2g of their size, want at most 1e-4", off)
				}
				if change != "as it is" && off <= 1e-4 {
					t.Errorf("the losses are off by %.2g only: the comparison does not see this change", off)
				}
			})
		}
	}
}

// decay puts weight decay on all parameters, or on none.
func (o *optimizer) decay(on bool) {
	for _, g := range o.groups {
		g.decays = on
	}
}

// curveDiff trains from the golden weights on the golden batches and returns by how much the losses are off, relatively.
// The last learned norm counts too: a loss may hide what decay does to it.
func curveDiff(t *testing.T, name string, spoil func(*Trainer)) float64 {
	torchtest.NoLeak(t)
	golden := torchtest.Open(t, curvesFile)
	model := curveModel(t)
	model.LogitScale.Fill(float64(golden.Floats(name + "/start")[0]))
	trainer := tinyTrainer(t, curveConfig(), model)
	spoil(trainer)
	losses := twentySteps(t, trainer)
	norm := torchtest.MaxDiff(model.Visual.(*vision.Transformer).PostNorm.Weight.Floats(), golden.Floats(name+"/ln_post"))
	return max(torchtest.RelDiff(losses, golden.Floats(name+"/loss")), norm)
}

const curvesFile = "../clip/testdata/curves.safetensors"

// curveModel is the model from which the golden curves start.
func curveModel(t *testing.T) *clip.Model {
	start := torchtest.Open(t, "../clip/testdata/quickgelu.safetensors")
	model := tinyModel(t, 0)
	for _, p := range model.Parameters() {
		from := start.Tensor(nil, "weight/"+p.Name)
		p.Tensor.SetBytes(from.Bytes())
		from.Free()
	}
	return model
}

// curveConfig is how the golden curves are trained.
func curveConfig() Config {
	cfg := DefaultConfig()
	cfg.Steps, cfg.LR, cfg.WeightDecay, cfg.Warmup, cfg.Scheduler = 20, 1e-3, 0.2, 0, "const"
	return cfg
}

// twentySteps trains on the golden batches and returns the losses before each step.
func twentySteps(t *testing.T, trainer *Trainer) (losses []float32) {
	golden := torchtest.Open(t, curvesFile)
	for step := range 20 {
		scope := torch.NewScope()
		torch.ClearGrads(trainer.opt.all)
		loss := goldenLoss(scope, golden, trainer, step%3)
		loss.Backward()
		losses = append(losses, float32(trainer.apply(scope, loss.Item()).Loss))
		scope.Close()
	}
	return losses
}

// goldenLoss is the loss of one of the golden batches.
func goldenLoss(scope *torch.Scope, golden *torchtest.Golden, trainer *Trainer, batch int) *torch.Tensor {
	number := string(rune('0' + batch))
	image := trainer.model.EncodeImage(golden.Tensor(scope, "pixels/"+number))
	texts := trainer.model.EncodeText(golden.Tensor(scope, "tokens/"+number))
	return clip.Loss(image, texts, trainer.model.LogitScale, trainer.cfg.Groups)
}

func TestAccumulationGivesTheGradientOfTheWholeBatch(t *testing.T) {
	torchtest.NoLeak(t)
	gradients := func(accum int) map[string][]float32 {
		cfg := testConfig(1)
		cfg.BatchSize, cfg.AccumFreq = 8/accum, accum
		model := tinyModel(t, 1)
		trainer := tinyTrainer(t, cfg, model)
		scope := torch.NewScope()
		defer scope.Close()
		loss := trainer.gradient(scope, noiseBatch(1, 8))
		out := map[string][]float32{"loss": {float32(loss)}}
		for _, p := range model.Parameters() {
			out[p.Name] = p.Tensor.Grad(scope).Floats()
		}
		return out
	}
	whole, parts := gradients(1), gradients(4)
	for name, want := range whole {
		if off := torchtest.RelDiff(parts[name], want); off > 1e-5 {
			t.Errorf("%s: off by %.2g of its size", name, off)
		}
	}
}

// Of each part only its features stay: pixels of the whole batch would be as large as what accumulation is to save.
func TestAccumulationHoldsOnePartOfABatch(t *testing.T) {
	torchtest.NoLeak(t)
	cfg := testConfig(1)
	cfg.BatchSize, cfg.AccumFreq = 2, 4
	trainer := tinyTrainer(t, cfg, tinyModel(t, 1))
	scope := torch.NewScope()
	defer scope.Close()
	before := torch.Live()
	trainer.features(scope, noiseBatch(1, 8))
	const want = 2 * (4 + 1) // images and texts: four parts and what they are joined to
	if left := torch.Live() - before; left != want {
		t.Errorf("%d tensors are left of a batch in 4 parts, want %d", left, want)
	}
}
