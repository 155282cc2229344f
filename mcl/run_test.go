package mcl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/data/scenes"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/vision"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// sceneIndex draws pairs and checks them.
func sceneIndex(t *testing.T, pairs int) *data.Index {
	t.Helper()
	c := scenes.DefaultConfig()
	c.Size, c.Pairs, c.HeldOut, c.PairsPerPattern, c.RowsPerShard = 32, pairs, 10, 1, pairs/2
	dir := filepath.Join(t.TempDir(), "scenes")
	if _, err := scenes.Write(t.Context(), dir, c); err != nil {
		t.Fatal(err)
	}
	source, err := data.Open([]string{filepath.Join(dir, "train-*.parquet")}, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	images, err := preprocess.New(preprocess.DefaultConfig(32))
	if err != nil {
		t.Fatal(err)
	}
	index, err := data.Scan(t.Context(), source, images.Check, preprocess.Reason, data.ScanConfig{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// smallRun is a base model, two stages and two controls of a few steps each.
func smallRun() Config {
	c := DefaultConfig()
	c.Stages, c.Clusters, c.Control, c.Workers = 2, 3, true, 1
	c.Train.BatchSize, c.Train.Groups, c.Train.Steps, c.Train.LR, c.Train.SaveEvery = 16, 2, 5, 1e-3, 2
	c.Base = c.Train
	c.Base.Steps = 4
	return c
}

// smallModel is a CLIP whose checkpoints are small: their writing takes most of the time of a test run.
func smallModel() clip.Config {
	c := clip.Config{EmbedDim: 16, Vision: vision.DefaultConfig(), Text: text.DefaultConfig()}
	c.Vision.ImageSize, c.Vision.PatchSize, c.Vision.Layers, c.Vision.Width, c.Vision.HeadWidth = 32, 8, 1, 32, 16
	c.Text.Width, c.Text.Heads, c.Text.Layers = 16, 2, 1
	return c
}

// startRun makes a run over index in dir; console sees the log.
func startRun(t *testing.T, dir string, c Config, index *data.Index, console io.Writer) *Run {
	t.Helper()
	at := PlaceOf(dir, c)
	log, err := metrics.Open(metrics.Config{Dir: dir, Resume: at.Position(), Console: console, Every: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	run, err := NewRun(dir, "small", c, Start{Model: smallModel(), At: at}, index, log, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// modelBytes reads the weights of every model of a run.
func modelBytes(t *testing.T, dir string, c Config) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, p := range phases(dir, c) {
		raw, err := os.ReadFile(filepath.Join(p.model(), clip.WeightsFile))
		if err != nil {
			t.Fatal(err)
		}
		out[p.name] = raw
	}
	return out
}

func TestARunMakesEveryModelAndSaysHowTheyIntegrate(t *testing.T) {
	torchtest.NoLeak(t)
	dir, c := t.TempDir(), smallRun()
	if err := startRun(t, dir, c, sceneIndex(t, 160), io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	integrated, err := ReadIntegrated(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(integrated.Stages) != 3 || len(integrated.Control) != 3 || integrated.Stages[2].Offset != 2*smallModel().EmbedDim || integrated.Control[0] != integrated.Stages[0] {
		t.Errorf("integrated.json is %+v", integrated)
	}
	models := modelBytes(t, dir, c)
	for a := range models {
		for b := range models {
			if a < b && bytes.Equal(models[a], models[b]) {
				t.Errorf("%s and %s have the same weights", a, b)
			}
		}
	}
	labels, err := ReadOrigin(filepath.Join(dir, "stage-2", labelsFile))
	if err != nil || labels.Stage != 2 || labels.Clusters != 3 {
		t.Errorf("labels of stage 2 come from %+v (%v)", labels, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "features.f32")); len(left) > 0 {
		t.Errorf("%v were left", left)
	}
}

// weightsOf are the parameters of a model folder.
func weightsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	model, _, err := clip.Load(dir, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	return parameters(t, model)
}

func parameters(t *testing.T, model *clip.Model) map[string]string {
	t.Helper()
	weights, err := model.Weights()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, w := range weights {
		out[w.Name] = string(w.Data)
	}
	return out
}

func TestAStageStartsFromTheBaseOrFromTheStageBefore(t *testing.T) {
	torchtest.NoLeak(t)
	index := sceneIndex(t, 160)
	for init, want := range map[string]map[string]string{
		"base":     {"stage-1": "stage-0", "stage-2": "stage-0"},
		"previous": {"stage-1": "stage-0", "stage-2": "stage-1", "control-1": "stage-0", "control-2": "control-1"},
	} {
		dir, c := t.TempDir(), smallRun()
		c.Init, c.Lock.Text, c.Control = init, true, init == "previous"
		c.Train.Steps, c.Base.Steps = 1, 1
		run := startRun(t, dir, c, index, io.Discard)
		if err := run.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		base := weightsOf(t, filepath.Join(dir, baseDir, modelDir))
		for _, p := range phases(dir, c)[1:] {
			model, _, err := run.initial(p)
			if err != nil {
				t.Fatal(err)
			}
			from := want[p.name]
			if !maps.Equal(parameters(t, model), weightsOf(t, filepath.Join(dir, from, modelDir))) {
				t.Errorf("--init %s: %s does not start from %s", init, p.name, from)
			}
			model.Close()
			for name, value := range weightsOf(t, p.model()) {
				image := strings.HasPrefix(name, "visual.")
				if !image && name != "logit_scale" && value != base[name] {
					t.Errorf("--init %s: %s has another %s than the base, though the text tower is locked", init, p.name, name)
				}
			}
		}
	}
}

// stopper ends a context when the log shows a text for the nth time.
type stopper struct {
	text string
	n    int
	stop context.CancelFunc
}

func (s *stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.text)) {
		if s.n--; s.n == 0 {
			s.stop()
		}
	}
	return len(p), nil
}

// Interrupted while it trains the base, a stage and a control, after odd steps so that the newest checkpoint is not the
// last step, and while it clusters, a run ends in the weights of one that was left alone.
func TestAnInterruptedRunEndsInTheSameModels(t *testing.T) {
	torchtest.NoLeak(t)
	index, c := sceneIndex(t, 160), smallRun()
	alone := t.TempDir()
	if err := startRun(t, alone, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := modelBytes(t, alone, c)

	dir := t.TempDir()
	for _, at := range []stopper{{text: "base", n: 3}, {text: "stage-1", n: 4}, {text: "clusters of", n: 1}, {text: "control-1", n: 2}} {
		ctx, cancel := context.WithCancel(t.Context())
		at.stop = cancel
		run := startRun(t, dir, c, index, &at)
		if err := run.Finish(ctx); !errors.Is(err, train.ErrInterrupted) {
			t.Fatalf("stopped at %q: got %v, want ErrInterrupted", at.text, err)
		}
		run.log.Close()
		cancel()
	}
	if err := startRun(t, dir, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, raw := range modelBytes(t, dir, c) {
		if !bytes.Equal(raw, want[name]) {
			t.Errorf("%s differs from the uninterrupted run's", name)
		}
	}
}

func TestARunIsRefusedBeforeItStarts(t *testing.T) {
	torchtest.NoLeak(t)
	index := sceneIndex(t, 40)
	for name, test := range map[string]struct {
		spoil func(*Config)
		want  string
	}{
		"too many clusters": {func(c *Config) { c.Clusters = 9 }, "--clusters 2 would fit"},
		"batch above data":  {func(c *Config) { c.Train.BatchSize, c.Base.BatchSize = 64, 64 }, "--batch-size"},
		"no base":           {func(c *Config) { c.Base.Steps = 0 }, "--base-steps"},
		"unknown init":      {func(c *Config) { c.Init = "last" }, "--init"},
	} {
		c := smallRun()
		test.spoil(&c)
		_, err := NewRun(t.TempDir(), "tiny", c, Start{}, index, nil, torch.CPU)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want a word on %s", name, err, test.want)
		}
	}
}
