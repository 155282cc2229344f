package clip

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// hfFolder makes a copy of transformers' folder with other weights and another configuration.
func hfFolder(t *testing.T, change func([]safetensors.Tensor) []safetensors.Tensor, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(weightsDir, "hf"))); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Open(filepath.Join(dir, hfWeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := file.ReadAll()
	file.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := writeWeights(filepath.Join(dir, hfWeightsFile), change(tensors)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{hfConfigFile, hfPreprocessFile} {
		replaceIn(t, filepath.Join(dir, name), old, new)
	}
	return dir
}

func replaceIn(t *testing.T, path, old, new string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil && old != "" {
		err = os.WriteFile(path, []byte(strings.ReplaceAll(string(raw), old, new)), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mustRefuse loads weights and wants one line with every text in it, and nothing left.
func mustRefuse(t *testing.T, path string, o Options, want ...string) {
	t.Helper()
	torchtest.NoLeak(t)
	m, _, err := LoadAs(path, o, torch.CPU)
	if err == nil {
		m.Close()
		t.Fatal("the weights were loaded")
	}
	for _, text := range append(want, path) {
		if !strings.Contains(err.Error(), text) || strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%q is not in the error: %v", text, err)
		}
	}
}

func TestTransformersWeightsThatDoNotFitAreRefused(t *testing.T) {
	keep := func(w []safetensors.Tensor) []safetensors.Tensor { return w }
	for _, c := range []struct {
		name     string
		weights  func([]safetensors.Tensor) []safetensors.Tensor
		old, new string
		want     []string
	}{
		{"no class token", func(w []safetensors.Tensor) []safetensors.Tensor {
			return slices.DeleteFunc(w, func(t safetensors.Tensor) bool { return strings.HasSuffix(t.Name, "class_embedding") })
		}, "", "", []string{"missing: vision_model.embeddings.class_embedding [32]"}},
		{"everything at once", func(w []safetensors.Tensor) []safetensors.Tensor {
			find(w, "text_projection.weight").Name = "extra.weight"
			find(w, "visual_projection.weight").Shape = []int{32, 12}
			find(w, "text_model.encoder.layers.0.self_attn.k_proj.bias").Name = "more.bias"
			odd := find(w, "logit_scale")
			odd.DType, odd.Data = "F64", make([]byte, 8)
			return w
		}, "", "", []string{
			"missing: text_projection.weight [12 24]", "not wanted: extra.weight", "not wanted: more.bias", "missing: text_model.encoder.layers.0.self_attn.k_proj.bias [24]",
			"another shape: visual_projection.weight is [32 12], want [12 32]", "another type: logit_scale is F64",
		}},
		{"not a number", func(w []safetensors.Tensor) []safetensors.Tensor {
			copy(find(w, "visual_projection.weight").Data[40:], []byte{0, 0, 0xc0, 0x7f})
			return w
		}, "", "", []string{"visual_projection.weight is not finite at element 10"}},
		{"another activation", keep, `"hidden_act": "gelu"`, `"hidden_act": "gelu_new"`, []string{hfConfigFile, `"gelu_new"`}},
		{"another epsilon", keep, `1e-05`, `1e-06`, []string{hfConfigFile, "layer_norm_eps"}},
		{"another model", keep, `"model_type": "clip",`, `"model_type": "align",`, []string{hfConfigFile, `"align"`}},
		{"another end token", keep, `"eos_token_id": 63`, `"eos_token_id": 7`, []string{"eos_token_id is 7"}},
		{"more layers than there are", keep, `"num_hidden_layers": 2`, `"num_hidden_layers": 3`, []string{"missing: vision_model.encoder.layers.2.self_attn.q_proj.weight"}},
		{"another crop", keep, `"height": 16`, `"height": 20`, []string{hfPreprocessFile, `crop_size: {"height":20,"width":16} is not supported`}},
		{"a crop of a smaller image", keep, `"shortest_edge": 16`, `"shortest_edge": 20`, []string{`resized to {"shortest_edge":20} and cropped to {"height":16,"width":16}`}},
		{"unknown filter", keep, `"resample": 3`, `"resample": 4`, []string{hfPreprocessFile, "resample is 4"}},
		{"pixels left as they are", keep, `"do_normalize": true`, `"do_normalize": false`, []string{"do_normalize is false"}},
	} {
		t.Run(c.name, func(t *testing.T) { mustRefuse(t, hfFolder(t, c.weights, c.old, c.new), Options{}, c.want...) })
	}
}

func TestWeightsThatDoNotTellTheirArchitecture(t *testing.T) {
	c, err := Preset("tiny")
	if err != nil {
		t.Fatal(err)
	}
	torchtest.NoLeak(t)
	m, err := New(c, 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	if err := m.writeTensors(path, openClipNames(c)); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, path, Options{}, "GELU or QuickGELU", "--model tiny or --model tiny-quickgelu")
	mustRefuse(t, path, Options{Model: "small-quickgelu"}, "--model small-quickgelu is not the architecture", "which is tiny")
	for name, quick := range map[string]bool{"tiny": false, "tiny-quickgelu": true} {
		if got, err := Check(path, Options{Model: name}); err != nil || got.QuickGELU != quick || !sameShapes(got, c) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	if err := writeConfig(filepath.Join(filepath.Dir(path), ConfigFile), c, DefaultPreprocess(c)); err != nil {
		t.Fatal(err)
	}
	if got, err := Check(path, Options{}); err != nil || got != c {
		t.Errorf("with a configuration beside it: got %+v, %v", got, err)
	}
	mustRefuse(t, path, Options{Model: "tiny-quickgelu"}, "--model tiny-quickgelu is not the architecture", "which is tiny")
}

func TestDamagedFilesAreRefused(t *testing.T) {
	for _, name := range []string{"hf/model.safetensors", "openai.pt", "hf-bin/pytorch_model.bin", "hf-sharded/model-00002-of-00004.safetensors"} {
		raw, err := os.ReadFile(filepath.Join(weightsDir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, keep := range []int{0, 6, len(raw) / 3, len(raw) - 10} {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(weightsDir, filepath.Dir(name)))); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), raw[:keep], 0o666); err != nil {
				t.Fatal(err)
			}
			path := dir
			if strings.HasPrefix(name, "openai") {
				path = filepath.Join(dir, name)
			}
			mustRefuse(t, path, Options{}, filepath.Base(name))
		}
	}
	dir := filepath.Join(t.TempDir(), "sharded")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(weightsDir, "hf-sharded"))); err != nil {
		t.Fatal(err)
	}
	replaceIn(t, filepath.Join(dir, "model.safetensors.index.json"), "model-00001-of-00004.safetensors", "../../other.safetensors")
	mustRefuse(t, dir, Options{}, `"../../other.safetensors", which is not a file beside it`)
}
