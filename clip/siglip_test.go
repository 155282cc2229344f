package clip

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

const siglipDir = "testdata/siglip" // written by testdata/reference/siglip_golden.py

// siglips are the files there, with what must be said to load them and the name of their features.
var siglips = []struct{ path, model, features string }{
	{"open_clip_model.safetensors", "model.json", "open_clip"},
	{"hf", "", "hf"},
}

func loadSigLIP(t *testing.T, path, model string) (*Model, Preprocess) {
	t.Helper()
	if model != "" {
		model = filepath.Join(siglipDir, model)
	}
	m, pre, err := LoadAs(filepath.Join(siglipDir, path), Options{Model: model}, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m, pre
}

// siglipDiffs are the differences of a model's features to golden ones.
type siglipDiffs struct{ image, text, picture, logits float64 }

func compareSigLIP(t *testing.T, m *Model, pre Preprocess, name string) (d siglipDiffs) {
	t.Helper()
	g := torchtest.Open(t, filepath.Join(siglipDir, "features.safetensors"))
	scope := torch.NewScope()
	defer scope.Close()
	torch.NoGrad(func() {
		image, words := m.EncodeImage(g.Tensor(scope, "pixels")), m.EncodeText(g.Tensor(scope, "tokens"))
		d.image, d.text = torchtest.MaxDiff(image.Floats(), g.Floats("image/"+name)), torchtest.MaxDiff(words.Floats(), g.Floats("text/"+name))
		found := logits(image, words, m.LogitScale, 1).Add(m.LogitBias)
		d.logits = torchtest.MaxDiff(found.Floats(), g.Floats("logits/"+name))
	})
	encoder, err := NewEncoder(m, pre)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.inputs.Free()
	raw, err := os.ReadFile(filepath.Join(siglipDir, "image.png"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := encoder.Images([][]byte{raw})
	if err != nil {
		t.Fatal(err)
	}
	d.picture = torchtest.MaxDiff(got[0], g.Floats("picture/"+name))
	return d
}

func TestSigLIPGivesTheFeaturesOfItsLibrary(t *testing.T) {
	for _, f := range siglips {
		t.Run(f.features, func(t *testing.T) {
			torchtest.NoLeak(t)
			m, pre := loadSigLIP(t, f.path, f.model)
			d := compareSigLIP(t, m, pre, f.features)
			t.Logf("differences: %+v", d)
			if max(d.image, d.text, d.picture) > featureTolerance || d.logits > 1e-4 {
				t.Errorf("differences: %+v", d)
			}
		})
	}
}

// Each fault must be seen at the tolerance of the test above.
func TestSigLIPTestSeesFaults(t *testing.T) {
	const seen = 10 * featureTolerance
	for _, f := range siglips {
		t.Run(f.features, func(t *testing.T) {
			torchtest.NoLeak(t)
			m, pre := loadSigLIP(t, f.path, f.model)
			other := m.Config
			swap := map[string]string{"": "tanh", "tanh": ""}
			other.Vision.Activation.Approximate = swap[other.Vision.Activation.Approximate]
			other.Text.Activation.Approximate = swap[other.Text.Activation.Approximate]
			if d := compareSigLIP(t, rebuilt(t, m, other), pre, f.features); min(d.image, d.text) < seen {
				t.Errorf("the other GELU: %+v", d)
			}
			heads := m.Config
			heads.Vision.HeadWidth, heads.Text.Heads = heads.Vision.HeadWidth*3, 1
			if d := compareSigLIP(t, rebuilt(t, m, heads), pre, f.features); min(d.image, d.text) < seen {
				t.Errorf("other heads: %+v", d)
			}
			causal := m.Config
			causal.Text.Bidirectional, causal.Text.Pool = false, ""
			if d := compareSigLIP(t, rebuilt(t, m, causal), pre, f.features); d.text < seen {
				t.Errorf("the token with the highest id of a causal tower: %+v", d)
			}
			crop := pre
			crop.ResizeMode = "shortest"
			if d := compareSigLIP(t, m, crop, f.features); d.picture < seen {
				t.Errorf("cropped: %+v", d)
			}
			pre.Mean = DefaultPreprocess(Config{}).Mean
			if d := compareSigLIP(t, m, pre, f.features); d.picture < seen {
				t.Errorf("another mean: %+v", d)
			}
			for _, p := range m.Parameters() {
				if p.Name == logitBias {
					p.Tensor.Fill(0)
				}
			}
			if d := compareSigLIP(t, m, pre, f.features); d.logits < 1 {
				t.Errorf("without the bias: %+v", d)
			}
		})
	}
}

func TestSigLIPGoesOutAsItCameIn(t *testing.T) {
	torchtest.NoLeak(t)
	m, pre := loadSigLIP(t, "hf", "")
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Export(dir, pre, forBoth); err == nil || !strings.Contains(err.Error(), "timm has none") {
		t.Errorf("for open_clip: got %v", err)
	}
	again, preAgain := load(t, export(t, m, pre, forHuggingFace))
	if preAgain != pre || again.Config != m.Config {
		t.Errorf("got %+v and %+v, want %+v and %+v", again.Config, preAgain, m.Config, pre)
	}
	sameTensors(t, filepath.Join(siglipDir, "hf", hfWeightsFile), filepath.Join(export(t, m, pre, forHuggingFace), hfWeightsFile))

	other, preOther := loadSigLIP(t, "open_clip_model.safetensors", "model.json")
	folder := filepath.Join(t.TempDir(), "stage")
	if err := other.Save(folder, preOther); err != nil {
		t.Fatal(err)
	}
	sameTensors(t, filepath.Join(siglipDir, WeightsFile), filepath.Join(folder, WeightsFile))
	if again, _ := load(t, folder); again.Config != other.Config {
		t.Errorf("got %+v, want %+v", again.Config, other.Config)
	}
}

// sameTensors wants the same names, shapes and bytes in two files.
func sameTensors(t *testing.T, wantPath, gotPath string) {
	t.Helper()
	want, got := readTensors(t, wantPath), readTensors(t, gotPath)
	if len(want) != len(got) {
		t.Errorf("%d tensors, want %d", len(got), len(want))
	}
	for name, w := range want {
		if g := got[name]; g.DType != w.DType || !bytes.Equal(g.Data, w.Data) {
			t.Errorf("%s differs: %s %v, want %s %v", name, g.DType, g.Shape, w.DType, w.Shape)
		}
	}
}

func readTensors(t *testing.T, path string) map[string]safetensors.Tensor {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := file.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string]safetensors.Tensor{}
	for _, tensor := range all {
		tensors[tensor.Name] = tensor
	}
	return tensors
}

func TestSigLIPsLimitsAreTold(t *testing.T) {
	torchtest.NoLeak(t)
	hf, weights := filepath.Join(siglipDir, "hf"), filepath.Join(siglipDir, WeightsFile)
	model := Options{Model: filepath.Join(siglipDir, "model.json")}
	mustRefuse(t, weights, Options{}, "number of heads")
	mustRefuse(t, weights, Options{Model: "ViT-B-16-SigLIP"}, "ViT-B-16-SigLIP is not the architecture")
	mustRefuse(t, filepath.Join(weightsDir, "openai.pt"), model, "model.json is not the architecture")
	mustRefuse(t, hf, Options{Model: "ViT-B-16-SigLIP"}, "ViT-B-16-SigLIP is not the architecture")
	for _, size := range []int{24, 32} {
		if _, err := Check(hf, Options{ImageSize: size}); err == nil || !strings.Contains(err.Error(), "SigLIP's tower are not interpolated") {
			t.Errorf("%d pixels: got %v", size, err)
		}
	}
	m, pre := loadSigLIP(t, "hf", "")
	encoder, err := NewEncoder(m, pre)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.inputs.Free()
	if _, err := encoder.Texts([]string{"a cat"}); err == nil || !strings.Contains(err.Error(), "SentencePiece") {
		t.Errorf("a text: got %v", err)
	}
	if _, err := Preset("ViT-B-16-SigLIP" + quickSuffix); err == nil {
		t.Error("there is a SigLIP with QuickGELU")
	}
}

// sigmoid returns the loss of the golden's features in groups, and its gradients by their name in the file.
func sigmoid(g *torchtest.Golden, groups int) (loss float64, grads map[string][]float32) {
	scope := torch.NewScope()
	defer scope.Close()
	inputs := map[string]*torch.Tensor{}
	for _, name := range []string{"image", "text", logitScale, logitBias} {
		inputs[name] = g.Tensor(scope, name)
		inputs[name].SetTrainable(true)
	}
	m := &Model{LogitScale: inputs[logitScale], LogitBias: inputs[logitBias]}
	l := m.Loss(inputs["image"], inputs["text"], groups)
	l.Backward()
	grads = map[string][]float32{}
	for name, input := range inputs {
		grads[name] = input.Grad(scope).Floats()
	}
	return l.Item(), grads
}

func TestSigmoidLossIsOpenClipsInEachGroup(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, filepath.Join(siglipDir, "loss.safetensors"))
	for groups, prefix := range map[int]string{1: "1/", 2: "2/", 3: "3/", 6: "6/"} {
		loss, grads := sigmoid(g, groups)
		if want := float64(g.Floats(prefix + "loss")[0]); math.Abs(loss-want) > 1e-6*want {
			t.Errorf("%d groups: the loss is %v, want %v", groups, loss, want)
		}
		for name, grad := range grads {
			if d := torchtest.RelDiff(grad, g.Floats(prefix+name)); d > 1e-5 {
				t.Errorf("%d groups: the gradient of %s differs by %g of its size", groups, name, d)
			}
		}
	}
	loss, _ := sigmoid(g, 1)
	if want := float64(g.Floats("3/loss")[0]); math.Abs(loss-want) < 1e-3*want {
		t.Errorf("the loss without groups is %v, too near to %v with 3", loss, want)
	}
}
