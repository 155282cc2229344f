package mcl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train"
)

// preserving is a small run with everything that keeps what the base model knew.
func preserving() Config {
	c := smallRun()
	c.Stages, c.Train.Steps = 1, 6
	c.Train.Preserve = train.Preserve{
		ImageLR: 2e-3, TextLayerDecay: 0.7, EMA: 0.5, KeepBase: 1, ValEvery: 2, EarlyStop: 2, LoRA: clip.LoRA{Rank: 2, Towers: "image"},
	}
	return c
}

// preservingRun is such a run with its held-out pairs.
func preservingRun(t *testing.T, dir string, c Config, pairs, heldOut *data.Index, console io.Writer) *Run {
	t.Helper()
	run := startRun(t, dir, c, pairs, console)
	if err := run.HoldOut(heldOut); err != nil {
		t.Fatal(err)
	}
	return run
}

func TestAPreservingRunThatWasInterruptedEndsInTheSameBytes(t *testing.T) {
	torchtest.NoLeak(t)
	pairs, heldOut, c := sceneIndex(t, 160), sceneIndex(t, 20), preserving()
	whole, broken := t.TempDir(), t.TempDir()
	if err := preservingRun(t, whole, c, pairs, heldOut, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"stage-1: step 2, held-out", "control-1: step 2, held-out", "control-1: step 4, held-out"} {
		ctx, cancel := context.WithCancel(t.Context())
		err := preservingRun(t, broken, c, pairs, heldOut, &stopper{text: at, n: 1, stop: cancel}).Finish(ctx)
		cancel()
		if !errors.Is(err, train.ErrInterrupted) {
			t.Fatalf("%s: got %v, want ErrInterrupted", at, err)
		}
	}
	if err := preservingRun(t, broken, c, pairs, heldOut, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, got := modelBytes(t, whole, c), modelBytes(t, broken, c)
	for name := range want {
		if !bytes.Equal(want[name], got[name]) {
			t.Errorf("%s ends in other bytes", name)
		}
	}
	if bytes.Equal(want["stage-1"], want["base"]) || bytes.Equal(want["stage-1"], want["control-1"]) {
		t.Error("the stage has learned nothing, or what the control has learned: nothing is shown")
	}
}

func TestKeepingTheBaseKeepsTheFeaturesNear(t *testing.T) {
	torchtest.NoLeak(t)
	index := sceneIndex(t, 160)
	moved := func(weight float64) float64 {
		dir, c := t.TempDir(), smallRun()
		c.Stages, c.Control, c.Negatives, c.Train.KeepBase, c.Train.Groups = 1, false, "random", weight, 1
		if err := startRun(t, dir, c, index, io.Discard).Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		base, stage := weightsOf(t, newPhase(dir, "stage", 0, true).model()), weightsOf(t, newPhase(dir, "stage", 1, true).model())
		different := 0
		for name := range base {
			if base[name] != stage[name] {
				different++
			}
		}
		if different == 0 {
			t.Error("the stage is the base")
		}
		return featureDistance(t, dir, index)
	}
	if free, kept := moved(0), moved(50); kept > free/2 {
		t.Errorf("the features moved by %g, and by %g when they were to be kept", free, kept)
	}
}

// featureDistance is the mean of 1 - cosine between the image features of stage 1 and of the base.
func featureDistance(t *testing.T, dir string, index *data.Index) float64 {
	t.Helper()
	var features [2][]float32
	for s := range 2 {
		encoder, err := clip.OpenEncoder(newPhase(dir, "stage", s, true).model(), -1)
		if err != nil {
			t.Fatal(err)
		}
		transform, err := EvalTransform(encoder.Model.Config, encoder.Preprocess())
		if err != nil {
			t.Fatal(err)
		}
		transform.Text = nil
		for batch, err := range data.Sequential(t.Context(), index, embedBatch, transform, data.LoaderConfig{Workers: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			block, err := encode(encoder, onImage, batch)
			if err != nil {
				t.Fatal(err)
			}
			features[s] = append(features[s], block...)
		}
		encoder.Close()
	}
	sum := 0.0
	for i, v := range features[0] {
		sum += float64(v) * float64(features[1][i])
	}
	return 1 - sum/float64(index.Usable())
}
