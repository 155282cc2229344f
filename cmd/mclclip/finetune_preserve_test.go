package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// A run with everything that keeps what the base model knew: stage and control have the same settings, and ordinary models
// come out.
func TestFinetunePreserves(t *testing.T) {
	pairs, run := drawPairs(t, 160), filepath.Join(t.TempDir(), "x")
	held, err := filepath.Glob(filepath.Join(pairs, "*", "heldout-*.parquet"))
	if plain, _ := filepath.Glob(filepath.Join(pairs, "heldout-*.parquet")); err != nil || len(held)+len(plain) == 0 {
		t.Fatalf("there are no held-out pairs below %s", pairs)
	} else {
		held = append(held, plain...)
	}
	code, stdout, stderr := mclclip(t, "", trainArgs(pairs, run, "--stages", "1", "--control", "--steps", "6",
		"--text-lr", "1e-4", "--text-layer-decay", "0.7", "--ema", "0.9", "--keep-base", "1", "--lora-rank", "2", "--lora-towers", "image",
		"--val-pairs", held[0], "--val-every", "2", "--early-stop", "9")...)
	if code != codeDone || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	for _, want := range []string{
		"stage-1: parameters that train: ", ".*.lora_*", "text_projection", "stage-1: step 0, held-out pairs: loss", "control-1: step 6, held-out pairs: loss",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the log lacks %q:\n%s", want, stderr)
		}
	}
	steps, events, err := metrics.Read(filepath.Join(run, metrics.LinesFile))
	if err != nil {
		t.Fatal(err)
	}
	distances, evaluations := 0, 0
	for _, s := range steps {
		if s.BaseDistance > 0 {
			distances++
		}
		if s.BaseDistance > 0 && s.Phase == "base" {
			t.Errorf("step %d of the base model has a distance", s.Step)
		}
	}
	for _, e := range events {
		if e.Name == "evaluation" {
			evaluations++
		}
	}
	if distances < 10 || evaluations != 2*4 { // before the first of 6 steps and after each second one
		t.Errorf("%d steps have distances and there are %d evaluations", distances, evaluations)
	}
	for _, name := range []string{"stage-1", "control-1"} {
		model, _, err := clip.Load(filepath.Join(run, name, "model"), torch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		model.Close()
	}
	if left, _ := filepath.Glob(filepath.Join(run, "*", "checkpoints")); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	weights := filepath.Join(t.TempDir(), "weights")
	if code, _, stderr := mclclip(t, "", "export", "--weights", "--run", run, "--out", weights); code != codeDone {
		t.Errorf("export: exit code %d, stderr %q", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(weights, "control-1", "model.safetensors")); err != nil {
		t.Error(err)
	}
}

func TestMistakesAboutPreservingAreAnsweredInOneLine(t *testing.T) {
	pairs, missing := drawPairs(t, 80), filepath.Join(t.TempDir(), "nothing")
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"rate of a lock": {trainArgs(pairs, missing, "--lock-text", "--text-lr", "1e-6"), codeUsage, "--text-lr 1e-06: --lock-text"},
		"layer decay":    {trainArgs(pairs, missing, "--image-layer-decay", "75"), codeUsage, "--image-layer-decay 75"},
		"average":        {trainArgs(pairs, missing, "--ema", "1"), codeUsage, "--ema 1"},
		"keep base":      {trainArgs(pairs, missing, "--keep-base", "-1"), codeUsage, "--keep-base -1"},
		"lora rank":      {trainArgs(pairs, missing, "--lora-rank", "-2"), codeUsage, "--lora-rank -2"},
		"lora towers":    {trainArgs(pairs, missing, "--lora-rank", "2", "--lora-towers", "all"), codeUsage, "--lora-towers \"all\""},
		"lora of none":   {trainArgs(pairs, missing, "--lora-towers", "image"), codeUsage, "go with --lora-rank"},
		"lora and lock":  {trainArgs(pairs, missing, "--lora-rank", "2", "--lock-text"), codeUsage, "leave out --lock-text"},
		"lora of resnet": {trainArgs(pairs, missing, "--model", "RN50", "--lora-rank", "2"), codeUsage, "--lora-towers text"},
		"early stop":     {trainArgs(pairs, missing, "--early-stop", "2"), codeUsage, "--early-stop goes with --val-pairs"},
		"val every":      {trainArgs(pairs, missing, "--val-pairs", pairs, "--val-every", "0"), codeUsage, "--val-every 0"},
		"same val pairs": {trainArgs(pairs, missing, "--val-pairs", filepath.Join(pairs, "train-*.parquet")), codeError, "--val-pairs are the pairs of --pairs"},
		"no val pairs":   {trainArgs(pairs, missing, "--val-pairs", missing), codeError, "--val-pairs"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := mclclip(t, "", test.args...)
			if code != test.code || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, stderr %q; want %d and one line with %q", code, stderr, test.code, test.want)
			}
			if _, err := os.Stat(missing); err == nil {
				t.Errorf("%s was made", missing)
			}
		})
	}
}
