package train

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

const preserveFile = "testdata/training.safetensors"

// watchedDiff is the largest difference of the model's parameters from those that a golden curve ends with.
func watchedDiff(golden *torchtest.Golden, curve string, model *clip.Model) float64 {
	most, seen := 0.0, 0
	names := strings.Join(golden.Names(), "\n")
	for _, p := range model.Parameters() {
		if strings.Contains(names, curve+"/end/"+p.Name) {
			most = max(most, torchtest.MaxDiff(p.Tensor.Floats(), golden.Floats(curve+"/end/"+p.Name)))
			seen++
		}
	}
	if seen == 0 {
		return math.Inf(1)
	}
	return most
}

// curveTolerance is of losses relative to their size, and of weights. The differences of the gradients add up over 20 steps.
const curveTolerance = 1e-4

func TestLayerWiseRatesFollowPyTorch(t *testing.T) {
	for change, spoil := range map[string]func(*Config){
		"as it is":            func(*Config) {},
		"image rate":          func(c *Config) { c.ImageLR = 0 },
		"text rate":           func(c *Config) { c.TextLR = 0 },
		"image decay":         func(c *Config) { c.ImageLayerDecay = 0 },
		"text decay":          func(c *Config) { c.TextLayerDecay = 1 },
		"the towers' decays":  func(c *Config) { c.ImageLayerDecay, c.TextLayerDecay = c.TextLayerDecay, c.ImageLayerDecay },
		"one rate for others": func(c *Config) { c.LR, c.ImageLR, c.TextLR = 2e-3, 5e-4, 2e-3 },
	} {
		t.Run(change, func(t *testing.T) {
			torchtest.NoLeak(t)
			golden := torchtest.Open(t, preserveFile)
			cfg := curveConfig()
			cfg.Preserve = Preserve{ImageLR: 5e-4, TextLR: 2e-3, ImageLayerDecay: 0.6, TextLayerDecay: 0.8}
			spoil(&cfg)
			model := curveModel(t)
			losses := twentySteps(t, tinyTrainer(t, cfg, model))
			off := max(torchtest.RelDiff(losses, golden.Floats("decay/loss")), watchedDiff(golden, "decay", model))
			if change == "as it is" && off > curveTolerance {
				t.Errorf("off by %.2g, want at most %g", off, curveTolerance)
			}
			if change != "as it is" && off <= curveTolerance {
				t.Errorf("off by %.2g only: the comparison does not see this change", off)
			}
		})
	}
}

func TestTheAverageOfTheWeightsFollowsPyTorch(t *testing.T) {
	for decay, right := range map[float64]bool{0.9: true, 0.8: false, 0: false} {
		torchtest.NoLeak(t)
		golden := torchtest.Open(t, preserveFile)
		cfg := curveConfig()
		cfg.EMA = decay
		model := curveModel(t)
		trainer := tinyTrainer(t, cfg, model)
		losses := twentySteps(t, trainer)
		if off := torchtest.RelDiff(losses, torchtest.Open(t, curvesFile).Floats("usual/loss")); off > curveTolerance {
			t.Errorf("decay %g: training is off by %.2g", decay, off)
		}
		if err := trainer.finish(silentPhase(t)); err != nil {
			t.Fatal(err)
		}
		scope := torch.NewScope()
		loss := goldenLoss(scope, torchtest.Open(t, curvesFile), trainer, 0).Floats()
		scope.Close()
		off := max(torchtest.RelDiff(loss, golden.Floats("ema/loss")), watchedDiff(golden, "ema", model))
		if right != (off <= curveTolerance) {
			t.Errorf("decay %g: off by %.2g", decay, off)
		}
	}
}

func TestSwappingTheAverageTwiceChangesNothing(t *testing.T) {
	torchtest.NoLeak(t)
	cfg := testConfig(3)
	cfg.EMA = 0.5
	model := tinyModel(t, 1)
	trainer := tinyTrainer(t, cfg, model)
	if _, err := trainer.Step(noiseBatch(1, 8)); err != nil {
		t.Fatal(err)
	}
	before := weights(t, model)
	trainer.opt.average.swap()
	if len(differing(before, weights(t, model))) == 0 {
		t.Error("the average is equal to the weights")
	}
	trainer.opt.average.swap()
	if names := differing(before, weights(t, model)); len(names) > 0 {
		t.Errorf("these changed: %v", names)
	}
}

func TestTheDistanceFromTheBaseFollowsPyTorch(t *testing.T) {
	for weight, right := range map[float64]bool{2: true, 1: false, 0: false} {
		torchtest.NoLeak(t)
		golden := torchtest.Open(t, preserveFile)
		curves := torchtest.Open(t, curvesFile)
		cfg := curveConfig()
		cfg.KeepBase = weight
		model := curveModel(t)
		trainer := tinyTrainer(t, cfg, model)
		trainer.UseBase(curveModel(t))
		var losses []float32
		for step := range 20 {
			scope := torch.NewScope()
			torch.ClearGrads(trainer.opt.all)
			number := string(rune('0' + step%3))
			pixels, tokens := curves.Tensor(scope, "pixels/"+number), curves.Tensor(scope, "tokens/"+number)
			loss := clip.Loss(model.EncodeImage(pixels), model.EncodeText(tokens), model.LogitScale, 1)
			if weight > 0 {
				distance := clip.Distance(model.EncodeImage(pixels), trainer.base.model.EncodeImage(pixels)).Add(
					clip.Distance(model.EncodeText(tokens), trainer.base.model.EncodeText(tokens)))
				loss = loss.Add(distance.Scale(weight))
			}
			loss.Backward()
			losses = append(losses, float32(trainer.apply(scope, loss.Item()).Loss))
			scope.Close()
		}
		off := max(torchtest.RelDiff(losses, golden.Floats("base/loss")), watchedDiff(golden, "base", model))
		if right != (off <= curveTolerance) {
			t.Errorf("weight %g: off by %.2g", weight, off)
		}
	}
}

// The objective of a step, by parts or whole, is the loss plus the weighted distance, and has its gradient.
func TestKeepBaseIsPartOfAStep(t *testing.T) {
	torchtest.NoLeak(t)
	step := func(weight float64, accum int, lock func(*clip.Model)) Result {
		cfg := testConfig(1)
		cfg.BatchSize, cfg.AccumFreq, cfg.KeepBase = 8/accum, accum, weight
		model := tinyModel(t, 1)
		lock(model)
		trainer := tinyTrainer(t, cfg, model)
		trainer.UseBase(tinyModel(t, 2))
		r, err := trainer.Step(noiseBatch(1, 8))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	open := func(*clip.Model) {}
	none, whole := step(0, 1, open), step(3, 1, open)
	if off := whole.Loss - none.Loss - 3*whole.Distance; math.Abs(off) > 1e-5 || whole.Distance < 0.1 {
		t.Errorf("loss %v with distance %v, %v without: off by %g", whole.Loss, whole.Distance, none.Loss, off)
	}
	parts := step(3, 4, open)
	if math.Abs(parts.Loss-whole.Loss) > 1e-5 || math.Abs(parts.Distance-whole.Distance) > 1e-5 || math.Abs(parts.GradNorm-whole.GradNorm) > 1e-4*whole.GradNorm {
		t.Errorf("by parts %+v, whole %+v", parts, whole)
	}
	textLocked := step(3, 1, func(m *clip.Model) { m.LockText(0) })
	if textLocked.Distance >= whole.Distance {
		t.Errorf("the distance of a locked text tower counts: %v of %v", textLocked.Distance, whole.Distance)
	}
	cfg := testConfig(1)
	cfg.KeepBase = 1
	if _, err := tinyTrainer(t, cfg, tinyModel(t, 1)).Step(noiseBatch(1, 8)); err == nil {
		t.Error("a step without the base model was done")
	}
}

// resumed checks that a run of these settings ends in the same weights when it is killed after step 4 and goes on.
func resumed(t *testing.T, cfg Config, prepare func(*clip.Model)) {
	t.Helper()
	torchtest.NoLeak(t)
	fresh := func(seed uint64) *clip.Model {
		model := tinyModel(t, seed)
		prepare(model)
		return model
	}
	whole := fresh(2)
	start := weights(t, whole)
	if err := trainerOf(t, cfg, whole).Run(t.Context(), &noise{size: 8}, silentPhase(t)); err != nil {
		t.Fatal(err)
	}
	phase := silentPhase(t)
	cfg.SaveEvery = 4
	if err := trainerOf(t, cfg, fresh(2)).Run(t.Context(), &noise{size: 8, stopAt: 6}, phase); !errors.Is(err, errEnough) {
		t.Fatalf("got %v, want the end of the batches", err)
	}
	for step := 5; step <= 6; step++ { // as after a crash
		_ = os.RemoveAll(checkpoint.PathOf(phase.Dir, step))
	}
	path, _, err := checkpoint.Latest(phase.Dir)
	if err != nil {
		t.Fatal(err)
	}
	model := fresh(3)
	trainer := trainerOf(t, cfg, model)
	if err := trainer.Resume(path, ""); err != nil {
		t.Fatal(err)
	}
	if trainer.Done() != 4 {
		t.Fatalf("resumed after step %d, want 4", trainer.Done())
	}
	if err := trainer.Run(t.Context(), &noise{size: 8, next: 4}, phase); err != nil {
		t.Fatal(err)
	}
	if names := differing(weights(t, whole), weights(t, model)); len(names) > 0 {
		t.Errorf("these weights differ from the uninterrupted run's: %v", names)
	}
	if len(differing(weights(t, whole), start)) == 0 {
		t.Error("the run changed nothing")
	}
}

// trainerOf makes a trainer with the base model that its configuration may ask for.
func trainerOf(t *testing.T, cfg Config, model *clip.Model) *Trainer {
	trainer := tinyTrainer(t, cfg, model)
	if cfg.KeepBase > 0 {
		trainer.UseBase(tinyModel(t, 4))
	}
	return trainer
}

func TestAResumedRunKeepsItsAverageAndRates(t *testing.T) {
	cfg := testConfig(7)
	cfg.Preserve = Preserve{EMA: 0.7, ImageLR: 2e-3, TextLayerDecay: 0.7, KeepBase: 1}
	resumed(t, cfg, func(*clip.Model) {})
}

func TestAResumedRunKeepsItsLowRankMatrices(t *testing.T) {
	cfg := testConfig(7)
	cfg.LoRA = clip.LoRA{Rank: 2, Towers: "both"}
	cfg.EMA = 0.7
	resumed(t, cfg, func(m *clip.Model) {
		if err := m.AddLoRA(cfg.LoRA, 5); err != nil {
			t.Fatal(err)
		}
	})
}

func TestACheckpointWithoutTheAverageIsRefused(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	if err := tinyTrainer(t, testConfig(1), tinyModel(t, 1)).Run(t.Context(), &noise{size: 8}, phase); err != nil {
		t.Fatal(err)
	}
	path, _, err := checkpoint.Latest(phase.Dir)
	if err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(2)
	cfg.EMA = 0.9
	if err := tinyTrainer(t, cfg, tinyModel(t, 1)).Resume(path, ""); err == nil || !strings.Contains(err.Error(), "ema.") {
		t.Errorf("got %v, want a complaint about the average", err)
	}
}

func TestPreserveRefusesWhatCannotBe(t *testing.T) {
	for flag, p := range map[string]Preserve{
		"--image-lr": {ImageLR: -1}, "--text-lr": {TextLR: math.Inf(1)}, "--image-layer-decay": {ImageLayerDecay: 1.5},
		"--text-layer-decay": {TextLayerDecay: math.NaN()}, "--ema": {EMA: 1},
		"--val-every": {ValEvery: -1}, "--early-stop": {EarlyStop: -1}, "--keep-base": {KeepBase: math.NaN()}, "--lora-rank": {LoRA: clip.LoRA{Rank: -1}}, "--lora-towers": {LoRA: clip.LoRA{Rank: 1}},
		"--lora-alpha": {LoRA: clip.LoRA{Rank: 1, Towers: "both", Alpha: math.Inf(1)}},
	} {
		c := testConfig(1)
		c.Preserve = p
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%+v: got %v, want an error that names %s", p, err, flag)
		}
	}
}
