package clip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/mclclip/mclclip/internal/atomicfile"
)

// Formats are the libraries that an exported folder is for.
type Formats struct {
	OpenClip    bool // local-dir:FOLDER, or a repository that hf-hub: names
	HuggingFace bool // CLIPModel, CLIPTokenizer and CLIPImageProcessor.from_pretrained(FOLDER)
}

// CheckExport tells why a model cannot be exported so, before anything is loaded.
func (f Formats) CheckExport(c Config) error {
	if f.HuggingFace && c.Vision.ResNet() {
		return errors.New("transformers' CLIPModel has no ResNet; export it for open_clip")
	}
	return nil
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
	processor, err := hfPreprocessOf(pre)
	if err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, hfConfigFile), hfConfigOf(m.Config)); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, hfPreprocessFile), processor); err != nil {
		return err
	}
	return m.writeTensors(filepath.Join(dir, hfWeightsFile), huggingFaceNames)
}

// hfConfigOf is the config.json of transformers; that of a model that fromHF made gives the same model again.
func hfConfigOf(c Config) map[string]any {
	t, v := defaultHFText(), defaultHFVision()
	if !c.QuickGELU {
		t.Activation, v.Activation = hfGELU, hfGELU
	}
	t.Width, t.Hidden, t.Layers, t.Heads = c.Text.Width, int(float64(c.Text.Width)*c.Text.MLPRatio), c.Text.Layers, c.Text.Heads
	t.VocabSize, t.ContextLength, t.SOT, t.EOT = c.Text.VocabSize, c.Text.ContextLength, c.Text.VocabSize-2, c.Text.VocabSize-1
	v.Width, v.Hidden, v.Layers, v.Heads = c.Vision.Width, int(float64(c.Vision.Width)*c.Vision.MLPRatio), c.Vision.Layers, c.Vision.Heads()
	v.ImageSize, v.PatchSize = c.Vision.ImageSize, c.Vision.PatchSize
	t.Projection, v.Projection = c.EmbedDim, c.EmbedDim
	return map[string]any{
		"architectures": []string{"CLIPModel"}, "model_type": "clip", "projection_dim": c.EmbedDim,
		"logit_scale_init_value": 2.6592, "text_config": t, "vision_config": v,
	}
}

// hfPreprocessOf is the preprocessor_config.json of transformers.
func hfPreprocessOf(pre Preprocess) (map[string]any, error) {
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
