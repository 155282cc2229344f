package train

import (
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// loraModel is the model of the golden curves with low-rank matrices, which start or end as the golden's.
func loraModel(t *testing.T, golden *torchtest.Golden, at string) *clip.Model {
	t.Helper()
	model := curveModel(t)
	if err := model.AddLoRA(clip.LoRA{Rank: 2, Alpha: 4, Towers: "both"}, 0); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range model.Trainable() {
		if !strings.Contains(p.Name, "lora_") || at == "start" && strings.HasSuffix(p.Name, "B") {
			continue
		}
		scope := torch.NewScope()
		p.Tensor.Set(golden.Tensor(scope, "lora/"+at+"/"+p.Name))
		scope.Close()
		found++
	}
	if want := map[string]int{"start": 24, "end": 48}[at]; found != want { // two towers, two blocks, six layers each
		t.Fatalf("%d matrices were set, want %d", found, want)
	}
	return model
}

func TestLowRankMatricesLearnAsInPyTorch(t *testing.T) {
	for change, spoil := range map[string]func(*clip.Model){
		"as it is": func(*clip.Model) {},
		"queries without": func(m *clip.Model) {
			m.Text.Blocks[0].Attention.LoRA[0].Scale = 0
		},
		"scale": func(m *clip.Model) {
			for _, b := range m.Text.Blocks {
				b.MLP.FC.LoRA.Scale = 1
			}
		},
		"a weight learns too": func(m *clip.Model) { m.Text.Projection.SetTrainable(true) },
	} {
		t.Run(change, func(t *testing.T) {
			torchtest.NoLeak(t)
			golden := torchtest.Open(t, preserveFile)
			model := loraModel(t, golden, "start")
			spoil(model)
			losses := twentySteps(t, tinyTrainer(t, curveConfig(), model))
			off := max(torchtest.RelDiff(losses, golden.Floats("lora/loss")), watchedDiff(golden, "lora", model))
			if change == "as it is" && off > curveTolerance {
				t.Errorf("off by %.2g, want at most %g", off, curveTolerance)
			}
			if change != "as it is" && off <= curveTolerance {
				t.Errorf("off by %.2g only: the comparison does not see this change", off)
			}
		})
	}
}

func TestLowRankGradientsEqualPyTorchs(t *testing.T) {
	for _, tape := range []bool{false, true} {
		torchtest.NoLeak(t)
		golden := torchtest.Open(t, preserveFile)
		model := loraModel(t, golden, "end")
		model.LogitScale.Fill(float64(goldenScale(t, golden)))
		cfg := curveConfig()
		cfg.GradCheckpointing = tape
		trainer := tinyTrainer(t, cfg, model)
		scope := torch.NewScope()
		trainer.backward(goldenLoss(scope, torchtest.Open(t, curvesFile), trainer, 0))
		seen := 0
		for _, p := range model.Parameters() {
			grad := p.Tensor.Grad(scope)
			if !strings.Contains(p.Name, "lora_") {
				if grad != nil && p.Name != "logit_scale" {
					t.Errorf("%s gets a gradient", p.Name)
				}
				continue
			}
			seen++
			if off := torchtest.RelDiff(grad.Floats(), golden.Floats("lora/grad/"+p.Name)); off > 1e-4 {
				t.Errorf("tape %v: %s: off by %.2g of its size", tape, p.Name, off)
			}
		}
		scope.Close()
		if seen != 48 {
			t.Errorf("%d matrices have gradients, want 48", seen)
		}
	}
}

// goldenScale is the logit scale after the golden's 20 steps, which training to there gives.
func goldenScale(t *testing.T, golden *torchtest.Golden) float32 {
	t.Helper()
	model := loraModel(t, golden, "start")
	twentySteps(t, tinyTrainer(t, curveConfig(), model))
	return model.LogitScale.Floats()[0]
}

func TestMergedMatricesGiveTheSameFeatures(t *testing.T) {
	torchtest.NoLeak(t)
	golden, curves := torchtest.Open(t, preserveFile), torchtest.Open(t, curvesFile)
	model := loraModel(t, golden, "end")
	features := func() (image, text []float32) {
		scope := torch.NewScope()
		defer scope.Close()
		return model.EncodeImage(curves.Tensor(scope, "pixels/0")).Floats(), model.EncodeText(curves.Tensor(scope, "tokens/0")).Floats()
	}
	for _, state := range []string{"beside the weights", "merged"} {
		image, text := features()
		if off := max(torchtest.RelDiff(image, golden.Floats("lora/image")), torchtest.RelDiff(text, golden.Floats("lora/text"))); off > 1e-5 {
			t.Errorf("%s: off by %.2g", state, off)
		}
		if state != "merged" {
			if err := model.Save(t.TempDir(), clip.DefaultPreprocess(model.Config)); err == nil {
				t.Error("a model with unmerged matrices was saved")
			}
		}
		if err := model.MergeLoRA(); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := len(model.Parameters()), len(curveModel(t).Parameters()); got != want {
		t.Errorf("merged it has %d parameters, want %d", got, want)
	}
}

func TestLowRankMatricesOfATower(t *testing.T) {
	torchtest.NoLeak(t)
	for towers, prefix := range map[string]string{"image": "visual.", "text": "transformer."} {
		model := tinyModel(t, 1)
		before := weights(t, model)
		if err := model.AddLoRA(clip.LoRA{Rank: 3, Towers: towers}, 1); err != nil {
			t.Fatal(err)
		}
		for _, p := range model.Trainable() {
			own := strings.HasPrefix(p.Name, "visual.") == (towers == "image")
			if strings.Contains(p.Name, "lora_") != (own && p.Name != "logit_scale") || strings.Contains(p.Name, "lora_") && !strings.HasPrefix(p.Name, prefix) {
				t.Errorf("towers %s: %s is trainable", towers, p.Name)
			}
		}
		if err := model.MergeLoRA(); err != nil {
			t.Fatal(err)
		}
		if names := differing(before, weights(t, model)); len(names) > 0 {
			t.Errorf("matrices that have learned nothing changed %v", names)
		}
	}
}
