package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
)

// Weights that do not fit their configuration are found out by their header, before the pairs are looked at.
func TestWeightsOfAnotherShapeAreFoundBeforeTheScan(t *testing.T) {
	cfg, err := clip.Preset("tiny")
	if err != nil {
		t.Fatal(err)
	}
	model, err := clip.New(cfg, 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	weights, run := filepath.Join(t.TempDir(), "weights"), filepath.Join(t.TempDir(), "run")
	if err := model.Save(weights, clip.DefaultPreprocess(cfg)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(weights, clip.ConfigFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(raw, []byte(`"embed_dim": 64`), []byte(`"embed_dim": 48`), 1)
	if bytes.Equal(raw, other) {
		t.Fatal("the configuration has no embed_dim of 64")
	}
	if err := os.WriteFile(path, other, 0o666); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := mclclip(t, "", trainArgs(drawPairs(t, 80), run, "--model", "", "--pretrained", weights)...)
	for _, want := range []string{"--pretrained", "visual.proj", "text_projection"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr %q lacks %q", stderr, want)
		}
	}
	if code != codeError || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "check") {
		t.Errorf("exit code %d, stderr %q; want 1 and one line, before any pair is checked", code, stderr)
	}
	if _, err := os.Stat(run); err == nil {
		t.Error("the run folder was made")
	}
}

// The text tower of a SigLIP has no tokenizer here: what needs one ends before anything is read.
func TestTextsOfSigLIPAreRefusedAtOnce(t *testing.T) {
	hf := filepath.Join("..", "..", "clip", "testdata", "siglip", "hf")
	run, pairs := filepath.Join(t.TempDir(), "run"), drawPairs(t, 80)
	for _, c := range []struct {
		args []string
		code int
	}{
		{trainArgs(pairs, run, "--model", "", "--pretrained", hf), codeError},
		{trainArgs(pairs, run, "--model", "ViT-B-16-SigLIP"), codeUsage},
	} {
		code, _, stderr := mclclip(t, "", c.args...)
		if code != c.code || !strings.Contains(stderr, "SentencePiece") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, stderr %q", c.args, code, stderr)
		}
	}
	if _, err := os.Stat(run); err == nil {
		t.Error("the run folder was made")
	}
	out := filepath.Join(t.TempDir(), "model")
	if code, _, stderr := mclclip(t, "", "export", "--weights", "--pretrained", hf, "--format", "hf", "--out", out); code != codeDone {
		t.Errorf("export: exit code %d, stderr %q", code, stderr)
	}
}
