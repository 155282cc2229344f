package clip

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

const weightsDir = "testdata/weights" // written by testdata/reference/weights_golden.py

// formats are the files and folders under weightsDir, with what must be said to load them and the name of their features.
var formats = []struct{ path, model, features string }{
	{"open_clip", "", "open_clip"},
	{"open_clip/open_clip_pytorch_model.bin", "", "open_clip"},
	{"epoch_2.pt", "testdata/weights/model.json", "epoch_2"},
	{"hf", "", "hf"},
	{"hf/model.safetensors", "", "hf"},
	{"hf-bin", "", "hf-bin"},
	{"hf-bin-sharded", "", "hf-bin"},
	{"openai.pt", "", "openai"},
}

func loadAs(t *testing.T, path, model string) (*Model, Preprocess) {
	t.Helper()
	if model != "" && !strings.Contains(model, "/") {
		model = filepath.Join(weightsDir, model)
	}
	m, pre, err := LoadAs(filepath.Join(weightsDir, path), Options{Model: model}, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m, pre
}

// differences are those of a model's features to golden ones: of pixels and tokens, and of a picture that it prepares itself.
func differences(t *testing.T, m *Model, pre Preprocess, name string) (image, text, picture float64) {
	t.Helper()
	g := torchtest.Open(t, filepath.Join(weightsDir, "features.safetensors"))
	scope := torch.NewScope()
	defer scope.Close()
	torch.NoGrad(func() {
		image = torchtest.MaxDiff(m.EncodeImage(g.Tensor(scope, "pixels")).Floats(), g.Floats("image/"+name))
		text = torchtest.MaxDiff(m.EncodeText(g.Tensor(scope, "tokens")).Floats(), g.Floats("text/"+name))
	})
	encoder, err := NewEncoder(m, pre)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.inputs.Free()
	raw, err := os.ReadFile(filepath.Join(weightsDir, "image.png"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := encoder.Images([][]byte{raw})
	if err != nil {
		t.Fatal(err)
	}
	return image, text, torchtest.MaxDiff(got[0], g.Floats("picture/"+name))
}

func TestEveryFormatGivesTheFeaturesOfItsLibrary(t *testing.T) {
	for _, f := range append(formats, struct{ path, model, features string }{"hf-sharded", "", "sharded"}) {
		t.Run(f.path, func(t *testing.T) {
			torchtest.NoLeak(t)
			m, pre := loadAs(t, f.path, f.model)
			if f.features == "sharded" { // has no preprocessor_config.json
				f.features = "hf"
				_, pre = loadAs(t, "hf", "")
			}
			image, text, picture := differences(t, m, pre, f.features)
			t.Logf("features of pixels differ by %.1e, of tokens by %.1e, of a picture by %.1e", image, text, picture)
			if image > featureTolerance || text > featureTolerance || picture > featureTolerance {
				t.Errorf("features of pixels differ by %g, of tokens by %g, of a picture by %g", image, text, picture)
			}
		})
	}
}

// A ResNet in float16: OpenAI's archive, which has QuickGELU in its text tower, and a training checkpoint.
func TestFormatsOfAResNet(t *testing.T) {
	for path, model := range map[string]string{"resnet-openai.pt": "", "resnet_epoch_1.pt": "testdata/weights/resnet.json"} {
		t.Run(path, func(t *testing.T) {
			torchtest.NoLeak(t)
			m, pre := loadAs(t, path, model)
			name := strings.TrimSuffix(path, ".pt")
			image, text := resnetDifferences(t, m, name)
			t.Logf("features of pixels differ by %.1e, of tokens by %.1e", image, text)
			if image > featureTolerance || text > featureTolerance {
				t.Errorf("features of pixels differ by %g, of tokens by %g", image, text)
			}
			other := m.Config
			other.QuickGELU = !other.QuickGELU
			if _, text := resnetDifferences(t, rebuilt(t, m, other), name); text < 100*featureTolerance {
				t.Errorf("the other activation moves the features of tokens by %g only", text)
			}
			again, preAgain := load(t, export(t, m, pre, forOpenClip))
			if again.Config != m.Config || preAgain != pre {
				t.Errorf("got %+v and %+v, want %+v and %+v", again.Config, preAgain, m.Config, pre)
			}
			got := allBytes(t, again)
			for name, want := range allBytes(t, m) {
				if !bytes.Equal(got[name], want) {
					t.Errorf("%s differs", name)
				}
			}
		})
	}
}

func resnetDifferences(t *testing.T, m *Model, name string) (image, text float64) {
	t.Helper()
	g := torchtest.Open(t, filepath.Join(weightsDir, "features.safetensors"))
	scope := torch.NewScope()
	defer scope.Close()
	torch.NoGrad(func() {
		image = torchtest.MaxDiff(m.EncodeImage(g.Tensor(scope, "resnet/pixels")).Floats(), g.Floats("image/"+name))
		text = torchtest.MaxDiff(m.EncodeText(g.Tensor(scope, "tokens")).Floats(), g.Floats("text/"+name))
	})
	return image, text
}

// Each fault must be seen at the tolerance of the test above.
func TestFormatTestSeesFaults(t *testing.T) {
	const seen = 100 * featureTolerance
	for _, f := range formats {
		t.Run(f.path, func(t *testing.T) {
			torchtest.NoLeak(t)
			m, pre := loadAs(t, f.path, f.model)
			other := m.Config
			other.QuickGELU = !other.QuickGELU
			swapped := rebuilt(t, m, other)
			if image, text, _ := differences(t, swapped, pre, f.features); image < seen || text < seen {
				t.Errorf("the other activation moves the features by %g and %g only", image, text)
			}
			heads := m.Config
			heads.Vision.HeadWidth, heads.Text.Heads = heads.Vision.HeadWidth/2, heads.Text.Heads*2
			if image, text, _ := differences(t, rebuilt(t, m, heads), pre, f.features); image < seen || text < seen {
				t.Errorf("other heads move the features by %g and %g only", image, text)
			}
			classless := rebuilt(t, m, m.Config)
			for _, p := range classless.Parameters() {
				if p.Name == "visual.class_embedding" {
					p.Tensor.Fill(0)
				}
			}
			if image, _, _ := differences(t, classless, pre, f.features); image < seen {
				t.Errorf("without a class token the features move by %g only", image)
			}
			pre.Mean[1] += 0.05
			if _, _, picture := differences(t, m, pre, f.features); picture < seen {
				t.Errorf("another mean moves the features by %g only", picture)
			}
		})
	}
}

// rebuilt makes another model of the same weights.
func rebuilt(t *testing.T, m *Model, c Config) *Model {
	t.Helper()
	weights, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(c, 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	if err := again.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	return again
}

func TestOpenAIWeightsHaveQuickGELUWhateverTheNameSays(t *testing.T) {
	torchtest.NoLeak(t)
	c, err := Check(filepath.Join(weightsDir, "openai.pt"), Options{})
	if err != nil || !c.QuickGELU {
		t.Fatalf("got %+v, %v", c, err)
	}
	for _, quick := range []string{"true", "false"} {
		path := filepath.Join(t.TempDir(), "openai.json")
		config := `{"embed_dim": 16, "quick_gelu": ` + quick + `, "vision_cfg": {"image_size": 16, "layers": 1, "width": 64, "patch_size": 4},
			"text_cfg": {"context_length": 16, "vocab_size": 64, "width": 64, "heads": 1, "layers": 1}}`
		if err := os.WriteFile(path, []byte(config), 0o666); err != nil {
			t.Fatal(err)
		}
		if c, err := Check(filepath.Join(weightsDir, "openai.pt"), Options{Model: path}); err != nil || !c.QuickGELU {
			t.Errorf("quick_gelu %s: got %+v, %v", quick, c, err)
		}
	}
}

// The shapes of each published model give its name, and OpenAI's rule gives the heads of OpenAI's.
func TestArchitectureIsInferredFromShapes(t *testing.T) {
	openAI := []string{"ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64"}
	for name, want := range base {
		plan, err := Plan(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := infer(planned{plan, openClipNames(want)}, want.CustomText)
		if err != nil || !sameShapes(got, want) || presetOf(got) != name {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if slices.Contains(openAI, name) && !sameModel(got, want) {
			t.Errorf("%s: got %d and %d heads, want %d and %d", name, got.Vision.Heads(), got.Text.Heads, want.Vision.Heads(), want.Text.Heads)
		}
	}
}

func TestPositionsAreInterpolatedAsByOpenClip(t *testing.T) {
	g := torchtest.Open(t, filepath.Join(weightsDir, "resize.safetensors"))
	const width, from = 5, 7
	for name, to := range map[string]int{"new/3": 3, "new/5": 5, "new/9": 9, "new/14": 14} {
		got, want := resizePositions(g.Floats("old"), width, from, to), g.Floats(name)
		if d := torchtest.MaxDiff(got, want); d > featureTolerance {
			t.Errorf("%s differs by %g", name, d)
		}
		slices.Reverse(got)
		if d := torchtest.MaxDiff(got, want); d < 0.1 {
			t.Errorf("%s in reverse differs by %g only", name, d)
		}
	}
}

func TestForcedImageSize(t *testing.T) {
	torchtest.NoLeak(t)
	path := filepath.Join(weightsDir, "hf")
	m, pre, err := LoadAs(path, Options{ImageSize: 24}, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.Config.Vision.ImageSize != 24 || pre.Size != 24 {
		t.Errorf("the model takes %d pixels, images are made of %d", m.Config.Vision.ImageSize, pre.Size)
	}
	scope := torch.NewScope()
	defer scope.Close()
	if got := m.EncodeImage(torchtest.Noise(scope, 0, 2, 3, 24, 24)).Floats(); len(got) != 2*12 || math.IsNaN(float64(got[0])) {
		t.Errorf("got %v", got)
	}
	for size, want := range map[int]string{-1: "--force-image-size -1", 3: "--force-image-size 3", 100000: "--force-image-size 100000"} {
		if _, err := Check(path, Options{ImageSize: size}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: got %v", size, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "resnet")
	_, resnet := openResNet(t)
	if err := resnet.Save(dir, DefaultPreprocess(resnet.Config)); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(dir, Options{ImageSize: 96}); err == nil || !strings.Contains(err.Error(), "a ResNet") {
		t.Errorf("a ResNet: got %v", err)
	}
}
