package mcl

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train"
)

func tinyEncoder(t *testing.T) *clip.Encoder {
	t.Helper()
	config, err := clip.Preset("tiny")
	if err != nil {
		t.Fatal(err)
	}
	model, err := clip.New(config, 3, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	dir := filepath.Join(t.TempDir(), "model")
	if err := model.Save(dir, clip.DefaultPreprocess(config)); err != nil {
		t.Fatal(err)
	}
	encoder, err := clip.OpenEncoder(dir, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(encoder.Close)
	return encoder
}

func TestEveryCaptionHasItsFeatures(t *testing.T) {
	torchtest.NoLeak(t)
	encoder, index, dir := tinyEncoder(t), sceneIndex(t, 60), filepath.Join(t.TempDir(), "captions")
	if err := SaveCaptions(t.Context(), dir, encoder, index, data.LoaderConfig{Workers: 1}, func(int64) {}); err != nil {
		t.Fatal(err)
	}
	saved, err := OpenCaptions(dir, encoder.Model.Config.EmbedDim, index)
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	for batch, err := range data.Sequential(t.Context(), index, 7, data.Transform{}, data.LoaderConfig{Workers: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range batch.Rows {
			want, err := encoder.Texts(batch.Captions[i])
			if err != nil {
				t.Fatal(err)
			}
			got, err := saved.Features([]int64{row}, []int32{0})
			if err != nil {
				t.Fatal(err)
			}
			// Of another batch and length the products round otherwise.
			if d := torchtest.RelDiff(got, want[0]); d > 1e-5 {
				t.Fatalf("row %d differs by %g", row, d)
			}
			if other, err := saved.Features([]int64{(row + 1) % 60}, []int32{0}); err != nil || torchtest.RelDiff(other, want[0]) < 1e-3 {
				t.Fatalf("row %d: the next row's features are as good (error %v)", row, err)
			}
		}
	}
	if _, err := saved.Features([]int64{0}, []int32{1}); err == nil {
		t.Error("a caption that is not there has features")
	}
}

func TestCaptionsOfOtherDataAreRefused(t *testing.T) {
	torchtest.NoLeak(t)
	encoder, index, dir := tinyEncoder(t), sceneIndex(t, 40), filepath.Join(t.TempDir(), "captions")
	if err := SaveCaptions(t.Context(), dir, encoder, index, data.LoaderConfig{Workers: 1}, func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCaptions(dir, encoder.Model.Config.EmbedDim, sceneIndex(t, 60)); err == nil {
		t.Error("captions of 40 rows serve 60")
	}
	if _, err := OpenCaptions(dir, encoder.Model.Config.EmbedDim/2, index); err == nil {
		t.Error("features of another width are taken")
	}
}

// Interrupted while captions are embedded and while a stage trains, a run with a locked text tower ends in the weights of
// one that was left alone, and nothing of the captions stays.
func TestALockedTextTowerIsAskedOnce(t *testing.T) {
	torchtest.NoLeak(t)
	index, c := sceneIndex(t, 80), smallRun()
	c.Lock.Text, c.Control, c.Base.Steps = true, false, 1
	alone, dir := t.TempDir(), t.TempDir()
	var log bytes.Buffer
	if err := startRun(t, alone, c, index, &log).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(log.Bytes(), []byte("embedding every caption once")); n != 1 {
		t.Errorf("captions were embedded %d times", n)
	}
	for _, at := range []stopper{{text: "embedding every caption", n: 1}, {text: "stage-1", n: 5}} {
		ctx, cancel := context.WithCancel(t.Context())
		at.stop = cancel
		run := startRun(t, dir, c, index, &at)
		if err := run.Finish(ctx); !errors.Is(err, train.ErrInterrupted) {
			t.Fatalf("stopped at %q: got %v, want ErrInterrupted", at.text, err)
		}
		run.log.Close()
		cancel()
	}
	if err := startRun(t, dir, c, index, &log).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := modelBytes(t, alone, c)
	for name, raw := range modelBytes(t, dir, c) {
		if !bytes.Equal(raw, want[name]) {
			t.Errorf("%s differs from the uninterrupted run's", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, captionsDir)); err == nil {
		t.Error("the captions' features were left")
	}
}

func TestAShortRunEmbedsNoCaptionsAhead(t *testing.T) {
	run := &Run{cfg: smallRun(), index: sceneIndex(t, 160)}
	run.cfg.Lock.Text, run.cfg.Control = true, false
	run.cfg.Train.Steps = 1 // 2 stages of 16 pairs
	captions, err := run.captions(t.Context(), phase{stage: 1})
	if captions != nil || err != nil {
		t.Errorf("got %v, error %v", captions, err)
	}
}
