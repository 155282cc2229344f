package clip

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/testneed"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/vision"
)

const openClipFolder = "testdata/folder" // written by open_clip, a third of the tensors in float16, a third in bfloat16

func load(t *testing.T, dir string) (*Model, Preprocess) {
	t.Helper()
	m, pre, err := Load(dir, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m, pre
}

func TestFolderOfOpenClipGivesItsFeatures(t *testing.T) {
	torchtest.NoLeak(t)
	m, pre := load(t, openClipFolder)
	g := torchtest.Open(t, "testdata/folder.safetensors")
	if image, text := featureDiffs(g, m); image > featureTolerance || text > featureTolerance {
		t.Errorf("image features differ by %g, text features by %g", image, text)
	}
	if want := [3]float32{0.5, 0.4, 0.3}; pre.Mean != want || pre.Size != 8 || pre.Interpolation != "bicubic" {
		t.Errorf("the preprocessing is %+v", pre)
	}
}

func TestSavedFolderLoadsAsItWas(t *testing.T) {
	torchtest.NoLeak(t)
	m, pre := load(t, openClipFolder)
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir, pre); err != nil {
		t.Fatal(err)
	}
	again, preAgain := load(t, dir)
	if preAgain != pre || again.Config != m.Config {
		t.Errorf("got %+v and %+v, want %+v and %+v", again.Config, preAgain, m.Config, pre)
	}
	for i, p := range again.Parameters() {
		if want := m.Parameters()[i]; p.Name != want.Name || !slices.Equal(p.Tensor.Floats(), want.Tensor.Floats()) {
			t.Errorf("%s differs", want.Name)
		}
	}
	file, err := safetensors.Open(filepath.Join(dir, WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if file.Metadata["format"] != "pt" {
		t.Errorf("the metadata is %v; transformers wants format pt", file.Metadata)
	}
	if err := m.Save(dir, pre); !errors.Is(err, fs.ErrExist) {
		t.Errorf("saving over a folder gives %v, want fs.ErrExist", err)
	}
}

func writeWeights(path string, weights []safetensors.Tensor) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return safetensors.Write(w, weights, nil) })
}

// damage rewrites a copy of open_clip's folder and returns its path.
func damage(t *testing.T, change func([]safetensors.Tensor) []safetensors.Tensor, config func(string) string) string {
	t.Helper()
	dir := t.TempDir()
	raw, err := os.ReadFile(filepath.Join(openClipFolder, ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(config(string(raw))), 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Open(filepath.Join(openClipFolder, WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tensors, err := file.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if err := writeWeights(filepath.Join(dir, WeightsFile), change(tensors)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func find(tensors []safetensors.Tensor, name string) *safetensors.Tensor {
	return &tensors[slices.IndexFunc(tensors, func(w safetensors.Tensor) bool { return w.Name == name })]
}

func TestWeightsThatDoNotFitAreRefused(t *testing.T) {
	same := func(s string) string { return s }
	keep := func(w []safetensors.Tensor) []safetensors.Tensor { return w }
	replace := func(old, new string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, new, 1) }
	}
	end := func(pattern ...byte) func([]safetensors.Tensor) []safetensors.Tensor {
		return func(tensors []safetensors.Tensor) []safetensors.Tensor {
			data := find(tensors, "visual.proj").Data
			copy(data[len(data)-len(pattern):], pattern)
			return tensors
		}
	}
	for _, c := range []struct {
		name    string
		weights func([]safetensors.Tensor) []safetensors.Tensor
		config  func(string) string
		want    []string
	}{
		{"everything wrong at once", func(tensors []safetensors.Tensor) []safetensors.Tensor {
			find(tensors, "visual.proj").Name = "visual.projection"
			find(tensors, "text_projection").Shape = []int{8, 16}
			return tensors
		}, same, []string{"missing: visual.proj [16 8]", "text_projection is [8 16], want [16 8]", "not wanted: visual.projection"}},
		{"infinity", end(0x80, 0x7f, 0x80, 0x7f), same, []string{"visual.proj is not finite at element"}},
		{"a type for other uses", func(tensors []safetensors.Tensor) []safetensors.Tensor {
			w := find(tensors, "logit_scale")
			w.DType, w.Data = "F64", make([]byte, 8)
			return tensors
		}, same, []string{"logit_scale is F64, want F32, F16 or BF16"}},
		{"another architecture", keep, replace(`"layers"`, `"timm_model_name": "x", "layers"`), []string{ConfigFile, "timm_model_name"}},
		{"no embedding", keep, replace(`"embed_dim": 8,`, ``), []string{ConfigFile, "embed_dim 0"}},
		{"no model", keep, replace(`model_cfg`, `model`), []string{ConfigFile, "there is no model_cfg"}},
		{"another image size", keep, replace(`"mean"`, `"size": 16, "mean"`), []string{ConfigFile, "16 pixels, the model takes 8"}},
		{"a wider model", keep, replace(`"embed_dim": 8`, `"embed_dim": 9`), []string{"visual.proj is [16 8], want [16 9]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			torchtest.NoLeak(t)
			m, _, err := Load(damage(t, c.weights, c.config), torch.CPU)
			if err == nil {
				m.Close()
				t.Fatal("the folder was loaded")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in the error: %v", want, err)
				}
			}
		})
	}
}

func TestFiniteLooksAtEveryElementOfEveryType(t *testing.T) {
	for dtype, patterns := range map[string][][]byte{ // a large number, its negative, infinity, minus infinity, NaN
		"F32":  {{0xff, 0xff, 0x7f, 0x7f}, {0xff, 0xff, 0x7f, 0xff}, {0, 0, 0x80, 0x7f}, {0, 0, 0x80, 0xff}, {1, 0, 0xc0, 0x7f}},
		"BF16": {{0x7f, 0x7f}, {0x7f, 0xff}, {0x80, 0x7f}, {0x80, 0xff}, {0xc0, 0x7f}},
		"F16":  {{0xff, 0x7b}, {0xff, 0xfb}, {0, 0x7c}, {0, 0xfc}, {1, 0x7e}},
	} {
		for i, pattern := range patterns {
			for _, length := range []int{1, 2, 3, 7, 4101} {
				for place := range length {
					data := bytes.Repeat(patterns[1], length) // beside it the largest numbers, with signs
					copy(data[place*len(pattern):], pattern)
					at, ok := finite(data, dtype)
					if ok != (i < 2) || !ok && at != place {
						t.Errorf("%s % x at %d of %d: finite says %d, %v", dtype, pattern, place, length, at, ok)
					}
				}
			}
		}
	}
}

func TestSetWeightsPutsBackWhatWeightsReturned(t *testing.T) {
	torchtest.NoLeak(t)
	m, _ := load(t, openClipFolder)
	saved, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	projection := m.Visual.(*vision.Transformer).Projection
	projection.Fill(math.Pi)
	if err := m.SetWeights(saved[1:]); err == nil || !strings.Contains(err.Error(), "missing: "+saved[0].Name) {
		t.Errorf("got %v, want an error that names %s", err, saved[0].Name)
	}
	if projection.Floats()[0] != math.Pi {
		t.Error("weights that do not fit changed the model")
	}
	if err := m.SetWeights(saved); err != nil {
		t.Fatal(err)
	}
	if image, text := featureDiffs(torchtest.Open(t, "testdata/folder.safetensors"), m); image > featureTolerance || text > featureTolerance {
		t.Errorf("image features differ by %g, text features by %g", image, text)
	}
}

// open_clip itself loads a saved folder and computes the features.
func TestOpenClipLoadsASavedFolder(t *testing.T) {
	python := os.Getenv("MCLCLIP_REFERENCE_PYTHON")
	testneed.Require(t, "open_clip", python != "", "set MCLCLIP_REFERENCE_PYTHON to a Python that has open_clip_torch 3.3")
	torchtest.NoLeak(t)
	m, pre := load(t, openClipFolder)
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir, pre); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "../testdata/reference/clip_features.py", dir, "testdata/folder.safetensors").Output()
	if err != nil {
		t.Fatal(err)
	}
	var diff struct{ Image, Text float64 }
	if err := json.Unmarshal(out, &diff); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if diff.Image > featureTolerance || diff.Text > featureTolerance {
		t.Errorf("open_clip's features differ by %+v", diff)
	}
}
