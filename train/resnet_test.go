package train

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

const (
	resnetSize  = 64
	resnetPairs = 6
)

// resnetModel is the golden model with ResNet tower.
func resnetModel(t *testing.T) *clip.Model {
	t.Helper()
	g := torchtest.Open(t, "../clip/testdata/resnet.safetensors")
	var golden struct {
		Model clip.Config `json:"model_cfg"`
	}
	if err := json.Unmarshal([]byte(g.Metadata("golden")), &golden); err != nil {
		t.Fatal(err)
	}
	model, err := clip.New(golden.Model, 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Close)
	for _, p := range slices.Concat(model.Parameters(), model.Buffers()) {
		from := g.Tensor(nil, "weight/"+p.Name)
		p.Tensor.Set(from)
		from.Free()
	}
	return model
}

// resnetTrainer trains by the recipe of the golden curve.
func resnetTrainer(t *testing.T, model *clip.Model, accum int) *Trainer {
	t.Helper()
	cfg := DefaultConfig()
	cfg.BatchSize, cfg.AccumFreq = resnetPairs/accum, accum
	cfg.Steps, cfg.LR, cfg.WeightDecay, cfg.Warmup, cfg.Scheduler = 6, 1e-3, 0.2, 0, "const"
	pre := clip.DefaultPreprocess(model.Config)
	pre.Mean, pre.Std = [3]float32{0.5, 0.5, 0.5}, [3]float32{0.25, 0.25, 0.25}
	trainer, err := New(cfg, model, pre)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trainer.Close)
	return trainer
}

// resnetBatch is one of the golden's batches.
func resnetBatch(t *testing.T, number int) data.Batch {
	t.Helper()
	scope := torch.NewScope()
	defer scope.Close()
	golden := torchtest.Open(t, "../clip/testdata/resnet-curve.safetensors")
	batch := data.Batch{
		Rows: make([]int64, resnetPairs), Length: context77,
		Images: torchtest.NoiseBytes(number, resnetPairs*3*resnetSize*resnetSize),
	}
	for _, id := range golden.Tensor(scope, fmt.Sprint("tokens/", number)).Ints() {
		batch.Tokens = append(batch.Tokens, int32(id))
	}
	return batch
}

// resnetCurve is what six steps came to: the losses, the running statistics and the features of a further batch.
type resnetCurve struct{ loss, statistics, features float64 }

// followResNet trains on the golden's batches, after change has had its way, and returns the differences to open_clip.
func followResNet(t *testing.T, change func(*clip.Model)) (d resnetCurve) {
	torchtest.NoLeak(t)
	golden := torchtest.Open(t, "../clip/testdata/resnet-curve.safetensors")
	model := resnetModel(t)
	change(model)
	trainer := resnetTrainer(t, model, 1)
	var losses []float32
	for step := range 6 {
		r, err := trainer.Step(resnetBatch(t, step%3))
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, float32(r.Loss))
	}
	scope := torch.NewScope()
	defer scope.Close()
	image := model.EncodeImage(torchtest.Noise(scope, 3, resnetPairs, 3, resnetSize, resnetSize))
	d.loss = torchtest.RelDiff(losses, golden.Floats("loss"))
	d.statistics = statisticsDiff(golden, model, "stats/")
	d.features = torchtest.RelDiff(image.Floats(), golden.Floats("image"))
	return d
}

// statisticsDiff is the largest relative difference of a model's buffers to the golden ones under a prefix.
func statisticsDiff(golden *torchtest.Golden, model *clip.Model, prefix string) (worst float64) {
	scope := torch.NewScope()
	defer scope.Close()
	floats := func(x *torch.Tensor) []float32 { return x.In(scope).To(torch.CPU, torch.Float32).Floats() }
	for _, b := range model.Buffers() {
		worst = max(worst, torchtest.RelDiff(floats(b.Tensor), floats(golden.Tensor(scope, prefix+b.Name))))
	}
	return worst
}

// The curve is open_clip's with its model in training mode; the features after it are in eval mode.
func TestAResNetTrainsAsPyTorch(t *testing.T) {
	const tolerance = 1e-4 // as for ViTs: Adam divides differences of the gradients by their size
	if d := followResNet(t, func(*clip.Model) {}); max(d.loss, d.statistics, d.features) > tolerance {
		t.Errorf("differences are %+v", d)
	}
	if d := followResNet(t, (*clip.Model).FreezeStatistics); min(d.loss, d.statistics, d.features) < 10*tolerance {
		t.Errorf("with frozen statistics differences are %+v only", d)
	}
}

// With accumulation each part has statistics of its own, and moves the running ones each time that it is embedded.
func TestAccumulationMovesStatisticsAsOpenClip(t *testing.T) {
	torchtest.NoLeak(t)
	golden := torchtest.Open(t, "../clip/testdata/resnet-curve.safetensors")
	model := resnetModel(t)
	r, err := resnetTrainer(t, model, 2).Step(resnetBatch(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	if d := torchtest.RelDiff([]float32{float32(r.Loss)}, golden.Floats("accum/loss")); d > 1e-5 {
		t.Errorf("the loss differs by %g of its size", d)
	}
	if d := statisticsDiff(golden, model, "accum/stats/"); d > 1e-5 {
		t.Errorf("the running statistics differ by %g of their size", d)
	}
	if d := statisticsDiff(golden, model, "stats/"); d < 1e-3 {
		t.Errorf("the running statistics of other steps differ by %g only", d)
	}
}

func TestAResumedResNetHasItsStatistics(t *testing.T) {
	torchtest.NoLeak(t)
	step := func(trainer *Trainer, number int) {
		t.Helper()
		if _, err := trainer.Step(resnetBatch(t, number)); err != nil {
			t.Fatal(err)
		}
	}
	whole, phase := resnetModel(t), silentPhase(t)
	trainer := resnetTrainer(t, whole, 1)
	step(trainer, 0)
	if err := trainer.save(phase); err != nil {
		t.Fatal(err)
	}
	step(trainer, 1)
	path, _, err := checkpoint.Latest(phase.Dir)
	if err != nil {
		t.Fatal(err)
	}
	resumed := resnetModel(t)
	again := resnetTrainer(t, resumed, 1)
	if err := again.Resume(path, ""); err != nil {
		t.Fatal(err)
	}
	step(again, 1)
	if names := differing(weights(t, whole), weights(t, resumed)); len(names) > 0 {
		t.Errorf("these differ from the uninterrupted run's: %v", names)
	}
}

func TestAResNetTrainsInBF16(t *testing.T) {
	torchtest.NoLeak(t)
	golden := torchtest.Open(t, "../clip/testdata/resnet-curve.safetensors")
	model := resnetModel(t)
	trainer := resnetTrainer(t, model, 1)
	trainer.cfg.Precision = "amp_bf16"
	r, err := trainer.Step(resnetBatch(t, 0))
	if err != nil || !r.Applied {
		t.Fatalf("got %+v, %v, want a step that is applied", r, err)
	}
	if d := math.Abs(r.Loss/float64(golden.Floats("loss")[0]) - 1); d == 0 || d > 0.05 {
		t.Errorf("the loss differs by %g of its size from that in float32, want about 2^-8", d)
	}
}

func TestAStepThatIsNotFiniteLeavesTheStatistics(t *testing.T) {
	torchtest.NoLeak(t)
	model := resnetModel(t)
	trainer := resnetTrainer(t, model, 1)
	model.LogitScale.Fill(math.NaN())
	before := weights(t, model)
	if r, err := trainer.Step(resnetBatch(t, 0)); err != nil || r.Applied {
		t.Fatalf("got %+v, %v, want a step that is not applied", r, err)
	}
	if names := differing(before, weights(t, model)); len(names) > 0 {
		t.Errorf("the step changed %v", names)
	}
}
