package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
)

const testWeights = "../../clip/testdata/weights" // small models in every format

// files lists what a folder holds.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestExportWeightsOfARun(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	if err := os.MkdirAll(run, 0o777); err != nil {
		t.Fatal(err)
	}
	m, pre, err := clip.Load(filepath.Join(testWeights, "hf"), torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, name := range []string{"base", "stage-1"} {
		if err := m.Save(filepath.Join(run, name, "model"), pre); err != nil {
			t.Fatal(err)
		}
	}
	integrated := `{"version": 1, "model": "x", "rule": "concat", "stages": [{"name": "base", "dir": "base/model", "dim": 12}, {"name": "stage-1", "dir": "stage-1/model", "dim": 12}], "control": [{"name": "base", "dir": "base/model", "dim": 12}]}`
	if err := os.WriteFile(filepath.Join(run, mcl.IntegratedFile), []byte(integrated), 0o666); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"base", "stage-1"}},
		{[]string{"--stage", "stage-1", "--format", "open_clip"}, []string{"open_clip_config.json", "open_clip_model.safetensors"}},
		{[]string{"--stage", "base", "--format", "hf"}, []string{"config.json", "model.safetensors", "preprocessor_config.json"}},
	} {
		dir := filepath.Join(out, strings.Join(c.args, ""), "x")
		code, stdout, stderr := mclclip(t, "", append([]string{"export", "--weights", "--run", run, "--out", dir}, c.args...)...)
		if code != codeDone || strings.TrimSpace(stdout) != dir {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q", c.args, code, stdout, stderr)
			continue
		}
		if got := files(t, dir); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.args, got, c.want)
		}
	}
}

func TestExportWeightsOfEveryFormat(t *testing.T) {
	for _, args := range [][]string{{"open_clip"}, {"hf-sharded"}, {"hf", "--force-image-size", "24"}, {"openai.pt"}, {"epoch_2.pt", "--model", filepath.Join(testWeights, "model.json")}} {
		out := filepath.Join(t.TempDir(), "x")
		command := append([]string{"export", "--weights", "--out", out, "--pretrained", filepath.Join(testWeights, args[0])}, args[1:]...)
		if code, _, stderr := mclclip(t, "", command...); code != codeDone || len(files(t, out)) != 5 {
			t.Errorf("%v: exit code %d, stderr %q", args, code, stderr)
		}
	}
}

func TestMistakesWithWeightsAreAnsweredInOneLine(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	from := func(name string, more ...string) []string {
		return append([]string{"export", "--weights", "--out", out, "--pretrained", filepath.Join(testWeights, name)}, more...)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"neither":           {[]string{"export", "--weights", "--out", out}, codeUsage, "either --run"},
		"both":              {from("hf", "--run", out), codeUsage, "either --run"},
		"format":            {from("hf", "--format", "npy"), codeUsage, "open_clip, hf or both"},
		"pairs":             {from("hf", "--pairs", "x"), codeUsage, "--pairs goes with embeddings"},
		"stage of a file":   {from("hf", "--stage", "base"), codeUsage, "--stage goes with --run"},
		"negative size":     {from("hf", "--force-image-size", "-1"), codeUsage, "--force-image-size -1"},
		"unknown model":     {from("hf", "--model", "ViT-Z"), codeUsage, `no model is called "ViT-Z"`},
		"another model":     {from("openai.pt", "--model", "ViT-B-32"), codeError, "--model ViT-B-32 is not the architecture"},
		"untold":            {from("epoch_2.pt"), codeError, "say --model with an open_clip configuration"},
		"no such file":      {from("nothing.pt"), codeError, "nothing.pt"},
		"no weights":        {from("image.png"), codeError, "image.png: not a safetensors file"},
		"a folder of files": {from("."), codeError, "neither open_clip_config.json (open_clip) nor config.json (transformers)"},
		"flag of the other": {[]string{"export", "--run", out, "--out", out, "--stage", "base"}, codeUsage, "--stage go with --weights"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := mclclip(t, "", c.args...)
			if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, stderr %q; want %d and one line with %q", code, stderr, c.code, c.want)
			}
			if _, err := os.Stat(out); err == nil {
				t.Errorf("%s was made", out)
			}
		})
	}
}

// Weights of transformers go through a run, and those of its base model come out as they went in.
func TestWeightsGoThroughARunUnchanged(t *testing.T) {
	config, err := clip.Preset("tiny-quickgelu")
	if err != nil {
		t.Fatal(err)
	}
	m, err := clip.New(config, 1, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	pretrained := filepath.Join(t.TempDir(), "theirs")
	err = m.Export(pretrained, clip.DefaultPreprocess(config), clip.Formats{HuggingFace: true})
	m.Close()
	if err != nil {
		t.Fatal(err)
	}
	run, out := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "out")
	train := trainArgs(drawPairs(t, 80), run, "--pretrained", pretrained, "--model", "tiny-quickgelu", "--base-steps", "0", "--stages", "1", "--steps", "1")
	if code, _, stderr := mclclip(t, "", train...); code != codeDone {
		t.Fatalf("finetune: exit code %d, stderr %q", code, stderr)
	}
	if code, _, stderr := mclclip(t, "", "export", "--weights", "--format", "hf", "--run", run, "--out", out); code != codeDone {
		t.Fatalf("export: exit code %d, stderr %q", code, stderr)
	}
	read := func(path ...string) string {
		raw, err := os.ReadFile(filepath.Join(path...))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for _, name := range []string{"model.safetensors", "config.json", "preprocessor_config.json", "tokenizer.json"} {
		if read(out, "base", name) != read(pretrained, name) {
			t.Errorf("%s of the base model differs", name)
		}
	}
	if read(out, "stage-1", "model.safetensors") == read(pretrained, "model.safetensors") {
		t.Error("the stage has the weights that it started from")
	}
}
