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
			"decay on all":       func(t *Trainer) { t.opt.decayed.merge(&t.opt.plain) },
			"decay on none":      func(t *Trainer) { t.opt.plain.merge(&t.opt.decayed) },
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

// merge moves all parameters of other into g.
func (g *group) merge(other *group) {
	g.names, g.params = append(g.names, other.names...), append(g.params, other.params...)
	g.m, g.v, g.step = append(g.m, other.m...), append(g.v, other.v...), append(g.step, other.step...)
	*other = group{}
}

// curveDiff trains from the golden weights on the golden batches and returns by how much the losses are off, relatively.
// The last learned norm counts too: a loss may hide what decay does to it.
func curveDiff(t *testing.T, name string, spoil func(*Trainer)) float64 {
	torchtest.NoLeak(t)
	start := torchtest.Open(t, "../clip/testdata/quickgelu.safetensors")
	golden := torchtest.Open(t, "../clip/testdata/curves.safetensors")
	model := tinyModel(t, 0)
	for _, p := range model.Parameters() {
		from := start.Tensor(nil, "weight/"+p.Name)
		p.Tensor.SetBytes(from.Bytes())
		from.Free()
	}
	model.LogitScale.Fill(float64(golden.Floats(name + "/start")[0]))
	cfg := DefaultConfig()
	cfg.Steps, cfg.LR, cfg.WeightDecay, cfg.Warmup, cfg.Scheduler = 20, 1e-3, 0.2, 0, "const"
	trainer := tinyTrainer(t, cfg, model)
	spoil(trainer)
	var losses []float32
	for step := range 20 {
		scope := torch.NewScope()
		torch.ClearGrads(trainer.opt.all)
		batch := string(rune('0' + step%3))
		image := model.EncodeImage(golden.Tensor(scope, "pixels/"+batch))
		texts := model.EncodeText(golden.Tensor(scope, "tokens/"+batch))
		loss := clip.Loss(image, texts, model.LogitScale, trainer.cfg.Groups)
		loss.Backward()
		losses = append(losses, float32(trainer.apply(scope, loss.Item()).Loss))
		scope.Close()
	}
	norm := torchtest.MaxDiff(model.Visual.(*vision.Transformer).PostNorm.Weight.Floats(), golden.Floats(name+"/ln_post"))
	return max(torchtest.RelDiff(losses, golden.Floats(name+"/loss")), norm)
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
