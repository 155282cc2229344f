package train

import (
	"math"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// remembered gives features that were computed before, by row.
type remembered struct {
	features map[int64][]float32
	shift    int64
}

func (r remembered) Features(rows []int64, _ []int32) (out []float32, err error) {
	for _, row := range rows {
		out = append(out, r.features[row^r.shift]...)
	}
	return out, nil
}

func lockedTrainer(t *testing.T, accum int) (*Trainer, *clip.Model) {
	cfg := testConfig(3)
	cfg.BatchSize, cfg.AccumFreq, cfg.Groups = 8/accum, accum, 1
	model := tinyModel(t, 1)
	model.LockText(0)
	return tinyTrainer(t, cfg, model), model
}

func remember(model *clip.Model, trainer *Trainer) map[int64][]float32 {
	features := map[int64][]float32{}
	for step := 1; step <= 3; step++ {
		scope := torch.NewScope()
		batch := noiseBatch(step, 8)
		width := model.Config.EmbedDim
		texts := model.EncodeText(trainer.inputs.Tokens(scope, batch.Tokens, batch.Length, 0, 8)).Floats()
		for i, row := range batch.Rows {
			features[row] = texts[i*width : (i+1)*width]
		}
		scope.Close()
	}
	return features
}

func TestRememberedTextsTrainAsTheTower(t *testing.T) {
	torchtest.NoLeak(t)
	losses := func(accum int, use func(*Trainer, *clip.Model)) (out []float64) {
		trainer, model := lockedTrainer(t, accum)
		use(trainer, model)
		for step := 1; step <= 3; step++ {
			r, err := trainer.Step(noiseBatch(step, 8))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r.Loss)
		}
		return out
	}
	for _, accum := range []int{1, 2} {
		want := losses(accum, func(*Trainer, *clip.Model) {})
		same := losses(accum, func(trainer *Trainer, m *clip.Model) { trainer.UseTexts(remembered{remember(m, trainer), 0}) })
		other := losses(accum, func(trainer *Trainer, m *clip.Model) { trainer.UseTexts(remembered{remember(m, trainer), 1}) })
		for i := range want {
			if math.Abs(same[i]-want[i]) > 1e-5 {
				t.Errorf("accum %d, step %d: %v with remembered texts, %v with the tower", accum, i, same[i], want[i])
			}
			if math.Abs(other[i]-want[i]) < 1e-4 {
				t.Errorf("accum %d, step %d: the neighbours' texts give the same loss", accum, i)
			}
		}
	}
}
