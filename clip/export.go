package clip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/vision"
)

// Formats are the libraries that an exported folder is for.
type Formats struct {
	OpenClip    bool // local-dir:FOLDER, or a repository that hf-hub: names
	HuggingFace bool // CLIPModel, CLIPTokenizer and CLIPImageProcessor.from_pretrained(FOLDER)
}

// CheckExport tells why a model cannot be exported so, before anything is loaded.
func (f Formats) CheckExport(c Config) error {
	switch {
	case f.OpenClip && !c.Vision.OpenClip():
		return errors.New("open_clip has SigLIP's image towers from timm, and timm has none of these sizes with this activation; export it for transformers")
	case f.HuggingFace && c.Vision.ResNet():
		return errors.New("transformers' CLIPModel has no ResNet; export it for open_clip")
	case f.HuggingFace && c.Vision.Pool == vision.PoolMAP:
		return c.checkSiglip()
	case f.HuggingFace && !c.isCLIP():
		return errors.New("transformers' CLIPModel has CLIP's text tower, GELU or QuickGELU, and one epsilon; export this one for open_clip")
	}
	return nil
}

// isCLIP tells whether transformers' CLIPModel computes the same as a model with the class token of a ViT.
func (c Config) isCLIP() bool {
	exact := nn.ActivationOptions{}
	return c.Vision.Activation == exact && c.Text.Activation == exact && c.InitLogitBias == 0 &&
		epsOf(c.Vision.Norm) == normEps && epsOf(c.Text.Norm) == normEps && !c.Text.Bidirectional && !c.Text.ProjectionBias
}

func epsOf(o nn.NormOptions) float64 {
	if o.Eps == 0 {
		return normEps
	}
	return o.Eps
}

// Export makes the folder dir with the model as the libraries load it, or makes nothing; dir must not exist or be empty. The
// files of both go into one folder side by side. No library turns images by their EXIF orientation; what does not hold there
// is left out.
func (m *Model) Export(dir string, pre Preprocess, f Formats) error {
	if err := f.CheckExport(m.Config); err != nil {
		return err
	}
	pre.EXIF = false
	return atomicfile.WriteDir(dir, func(tmp string) error {
		if f.OpenClip {
			if err := m.WriteFiles(tmp, pre); err != nil {
				return err
			}
		}
		if f.HuggingFace {
			if err := m.writeHuggingFace(tmp, pre); err != nil {
				return err
			}
		}
		return writeTokenizer(tmp, m.Config.Text)
	})
}

func (m *Model) writeHuggingFace(dir string, pre Preprocess) error {
	processor, err := hfPreprocessOf(pre, m.Config.Vision.Pool == vision.PoolMAP)
	if err != nil {
		return err
	}
	config := hfConfigOf(m.Config)
	if m.Config.Vision.Pool == vision.PoolMAP {
		config = siglipConfigOf(m.Config)
	}
	if err := writeJSON(filepath.Join(dir, hfConfigFile), config); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, hfPreprocessFile), processor); err != nil {
		return err
	}
	return m.writeTensors(filepath.Join(dir, hfWeightsFile), huggingFaceNames(m.Config))
}

// hfConfigOf is the config.json of transformers; that of a model that fromHF made gives the same model again.
func hfConfigOf(c Config) map[string]any {
	t, v := defaultHFText(), defaultHFVision()
	if !c.QuickGELU {
		t.Activation, v.Activation = hfGELU, hfGELU
	}
	t.text(c.Text)
	v.vision(c.Vision)
	t.SOT, t.EOT = c.Text.VocabSize-2, c.Text.VocabSize-1
	t.Projection, v.Projection = c.EmbedDim, c.EmbedDim
	return map[string]any{
		"architectures": []string{"CLIPModel"}, "model_type": "clip", "projection_dim": c.EmbedDim,
		"logit_scale_init_value": 2.6592, "text_config": t, "vision_config": v,
	}
}

// text sets the sizes of a text tower.
func (t *hfTower) text(c text.Config) {
	t.Width, t.Hidden, t.Layers, t.Heads = c.Width, int(float64(c.Width)*c.MLPRatio), c.Layers, c.Heads
	t.VocabSize, t.ContextLength = c.VocabSize, c.ContextLength
}

// vision sets the sizes of an image tower.
func (t *hfTower) vision(c vision.Config) {
	t.Width, t.Hidden, t.Layers, t.Heads = c.Width, int(float64(c.Width)*c.MLPRatio), c.Layers, c.Heads()
	t.ImageSize, t.PatchSize = c.ImageSize, c.PatchSize
}

// hfPreprocessOf is the preprocessor_config.json of transformers.
func hfPreprocessOf(pre Preprocess, siglip bool) (map[string]any, error) {
	resample := 0
	for number, name := range pillowFilters {
		if name == pre.Interpolation {
			resample = number
		}
	}
	square := map[string]int{"height": pre.Size, "width": pre.Size}
	out := map[string]any{
		"image_processor_type": "CLIPImageProcessor", "do_convert_rgb": true, "do_resize": true, "resample": resample,
		"do_rescale": true, "rescale_factor": 1 / 255.0, "do_normalize": true, "image_mean": pre.Mean, "image_std": pre.Std,
		"do_center_crop": true, "crop_size": square,
	}
	if siglip {
		if pre.ResizeMode != "squash" {
			return nil, fmt.Errorf("resize_mode %s has no counterpart in transformers' SiglipImageProcessor; export it for open_clip", pre.ResizeMode)
		}
		delete(out, "do_center_crop")
		delete(out, "crop_size")
		out["image_processor_type"], out["processor_class"], out["size"] = "SiglipImageProcessor", "SiglipProcessor", square
		return out, nil
	}
	switch pre.ResizeMode {
	case "shortest":
		out["size"] = map[string]int{"shortest_edge": pre.Size}
	case "squash":
		out["size"], out["do_center_crop"] = square, false
	default:
		return nil, fmt.Errorf("resize_mode %s has no counterpart in transformers; export it for open_clip", pre.ResizeMode)
	}
	return out, nil
}

func writeJSON(path string, value any) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	})
}
