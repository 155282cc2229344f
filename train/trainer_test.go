package train

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/vision"
)

const vocabulary, context77, size = 64, 77, 16

func tinyConfig() clip.Config {
	return clip.Config{
		EmbedDim: 16, QuickGELU: true,
		Vision: vision.Config{ImageSize: size, PatchSize: 4, Layers: 2, Width: 32, HeadWidth: 8, MLPRatio: 4},
		Text:   text.Config{ContextLength: context77, VocabSize: vocabulary, Width: 24, Heads: 2, Layers: 2, MLPRatio: 4},
	}
}

func tinyModel(t *testing.T, seed uint64) *clip.Model {
	t.Helper()
	model, err := clip.New(tinyConfig(), seed, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Close)
	return model
}

func tinyTrainer(t *testing.T, cfg Config, model *clip.Model) *Trainer {
	t.Helper()
	trainer, err := New(cfg, model, clip.DefaultPreprocess(model.Config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trainer.Close)
	return trainer
}

// noise gives random batches; the batch of a step depends on the step alone.
type noise struct{ size, next, stopAt int }

var errEnough = errors.New("no more batches")

func (n *noise) Next() (data.Batch, error) {
	if n.stopAt > 0 && n.next == n.stopAt {
		return data.Batch{}, errEnough
	}
	n.next++
	return noiseBatch(n.next, n.size), nil
}

func (n *noise) Recycle(data.Batch) {}

func noiseBatch(step, b int) data.Batch {
	r := rand.New(rand.NewPCG(uint64(step), 1))
	batch := data.Batch{Rows: make([]int64, b), Images: make([]uint8, b*3*size*size), Tokens: make([]int32, b*context77), Length: 8}
	for i := range batch.Images {
		batch.Images[i] = uint8(r.IntN(256))
	}
	for i := range b {
		batch.Rows[i] = int64(step*b + i)
		row := batch.Tokens[i*context77:]
		for j := range 7 {
			row[j] = int32(1 + r.IntN(vocabulary-3))
		}
		row[7] = vocabulary - 1
	}
	batch.After = data.Cursor{Epoch: step / 3, Batch: int64(step % 3)}
	return batch
}

func silentPhase(t *testing.T) Phase {
	t.Helper()
	log, err := metrics.Open(metrics.Config{Console: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return Phase{Name: "stage-1", Dir: filepath.Join(t.TempDir(), "checkpoints"), Log: log}
}

func testConfig(steps int) Config {
	c := DefaultConfig()
	c.BatchSize, c.Steps, c.LR, c.Warmup, c.Groups = 8, steps, 1e-3, 2, 2
	return c
}

func weights(t *testing.T, m *clip.Model) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	all, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		out[w.Name] = w.Data
	}
	return out
}

func differing(a, b map[string][]byte) (names []string) {
	for name := range a {
		if !slices.Equal(a[name], b[name]) {
			names = append(names, name)
		}
	}
	return names
}

func TestAResumedRunEndsInTheSameWeights(t *testing.T) {
	torchtest.NoLeak(t)
	whole := tinyModel(t, 2)
	if err := tinyTrainer(t, testConfig(7), whole).Run(t.Context(), &noise{size: 8}, silentPhase(t)); err != nil {
		t.Fatal(err)
	}

	phase := silentPhase(t)
	cfg := testConfig(7)
	cfg.SaveEvery = 4
	broken := tinyTrainer(t, cfg, tinyModel(t, 2))
	if err := broken.Run(t.Context(), &noise{size: 8, stopAt: 6}, phase); !errors.Is(err, errEnough) {
		t.Fatalf("got %v, want the end of the batches", err)
	}
	path, _, err := checkpoint.Latest(phase.Dir)
	if step, _ := checkpoint.StepOf(path); err != nil || step != 6 {
		t.Fatalf("the newest checkpoint is %q (%v), want that of the last step before the data failed", path, err)
	}
	if err := os.RemoveAll(path); err != nil { // as after a crash
		t.Fatal(err)
	}
	if path, _, err = checkpoint.Latest(phase.Dir); err != nil {
		t.Fatal(err)
	}
	resumed := tinyModel(t, 3) // other weights: the checkpoint must bring all of them
	trainer := tinyTrainer(t, cfg, resumed)
	if err := trainer.Resume(path, ""); err != nil {
		t.Fatal(err)
	}
	if trainer.Done() != 4 || trainer.Cursor().Epoch != 1 || trainer.Cursor().Batch != 1 {
		t.Fatalf("resumed after step %d at %+v, want step 4 at epoch 1, batch 1", trainer.Done(), trainer.Cursor())
	}
	if err := trainer.Run(t.Context(), &noise{size: 8, next: 4}, phase); err != nil {
		t.Fatal(err)
	}
	if names := differing(weights(t, whole), weights(t, resumed)); len(names) > 0 {
		t.Errorf("these weights differ from the uninterrupted run's: %v", names)
	}

	forgetful := tinyModel(t, 2)
	control := tinyTrainer(t, cfg, forgetful)
	if err := control.Resume(path, ""); err != nil {
		t.Fatal(err)
	}
	control.opt.groups[0].m[0].Fill(0)
	if err := control.Run(t.Context(), &noise{size: 8, next: 4}, silentPhase(t)); err != nil {
		t.Fatal(err)
	}
	if names := differing(weights(t, whole), weights(t, forgetful)); len(names) == 0 {
		t.Error("a run that lost a moment ended in the same weights: the comparison sees nothing")
	}
}

func TestACheckpointOfAnotherLockIsRefused(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	if err := tinyTrainer(t, testConfig(1), tinyModel(t, 1)).Run(t.Context(), &noise{size: 8}, phase); err != nil {
		t.Fatal(err)
	}
	path, _, err := checkpoint.Latest(phase.Dir)
	if err != nil {
		t.Fatal(err)
	}
	locked := tinyModel(t, 1)
	locked.LockText(0)
	if err := tinyTrainer(t, testConfig(2), locked).Resume(path, ""); err == nil || !strings.Contains(err.Error(), "other trainable parameters") {
		t.Errorf("got %v, want a complaint about the trainable parameters", err)
	}
}

func TestAnInterruptionLeavesACheckpoint(t *testing.T) {
	torchtest.NoLeak(t)
	phase := silentPhase(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	trainer := tinyTrainer(t, testConfig(5), tinyModel(t, 1))
	if err := trainer.Run(ctx, &noise{size: 8}, phase); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("got %v, want ErrInterrupted", err)
	}
	path, _, err := checkpoint.Latest(phase.Dir)
	if err != nil {
		t.Fatal(err)
	}
	state, err := checkpoint.Load(path)
	if err != nil || state.Step != trainer.Done() || !json.Valid(state.Meta) {
		t.Errorf("checkpoint of step %d (%v), want step %d", state.Step, err, trainer.Done())
	}
}

func TestLockedParametersStay(t *testing.T) {
	torchtest.NoLeak(t)
	model := tinyModel(t, 1)
	model.LockText(0)
	model.LockImage(2)
	before := weights(t, model)
	if err := tinyTrainer(t, testConfig(3), model).Run(t.Context(), &noise{size: 8}, silentPhase(t)); err != nil {
		t.Fatal(err)
	}
	for _, name := range differing(before, weights(t, model)) {
		open := name == "logit_scale" || name == "visual.proj" || strings.HasPrefix(name, "visual.ln_post") || strings.HasPrefix(name, "visual.transformer.resblocks.1.")
		if !open {
			t.Errorf("%s is locked and changed", name)
		}
	}
}

func TestNothingToTrainIsSaid(t *testing.T) {
	torchtest.NoLeak(t)
	model := tinyModel(t, 1)
	model.LockText(0)
	model.LockImage(0)
	model.LogitScale.SetTrainable(false)
	if _, err := New(testConfig(1), model, clip.DefaultPreprocess(model.Config)); err == nil {
		t.Error("a trainer without trainable parameters was made")
	}
}
