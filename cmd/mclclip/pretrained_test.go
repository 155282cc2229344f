package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
)

func TestAPathWithoutWeightsIsExplained(t *testing.T) {
	run := t.TempDir()
	for _, stage := range []string{"stage-0", "stage-1"} {
		dir := filepath.Join(run, stage, "model")
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, clip.ConfigFile), []byte("{}"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"openai":                            "names of models are not fetched: download one, as by hf download",
		filepath.Join(run, "stage-2"):       "did you mean " + filepath.Join(run, "stage-"),
		filepath.Join(run, "stage-1"):       "did you mean " + filepath.Join(run, "stage-1", "model") + "?",
		run:                                 filepath.Join(run, "stage-0", "model") + " or " + filepath.Join(run, "stage-1", "model"),
		filepath.Join(run, "stage-1/model"): "the reason",
	} {
		if err := noWeights(path, errors.New("the reason")); !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "--pretrained") {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

func TestWeightsAreNamedByWhatTells(t *testing.T) {
	c, err := clip.Preset("ViT-B-32-quickgelu")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"runs/x/stage-1/model":               "ViT-B-32-quickgelu",
		"runs/x/stage-1/model/":              "ViT-B-32-quickgelu",
		"w/open_clip_model.safetensors":      "ViT-B-32-quickgelu",
		"w/pytorch_model.bin.index.json":     "ViT-B-32-quickgelu",
		"w/CLIP-ViT-B-32-laion2B-s34B-b79K/": "CLIP-ViT-B-32-laion2B-s34B-b79K",
		"w/ViT-B-32.pt":                      "ViT-B-32",
	} {
		if got := nameOfWeights(path, c); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	c.Vision.Width = 96
	if got := c.Name(); got != "ViT-p32-w96-l12-quickgelu" {
		t.Errorf("got %s", got)
	}
}
