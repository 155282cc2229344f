package clip

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/vision"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// Preprocess says how images are made into the pixels that a model was trained on. It travels with the weights.
type Preprocess = preprocess.Config

// DefaultPreprocess is that of OpenAI's CLIP, or of SigLIP for its image tower, at the model's image size.
func DefaultPreprocess(c Config) Preprocess {
	pre := preprocess.DefaultConfig(c.Vision.ImageSize)
	if c.Vision.Pool == vision.PoolMAP {
		half := [3]float32{0.5, 0.5, 0.5}
		pre.Mean, pre.Std, pre.ResizeMode = half, half, "squash"
	}
	return pre
}

// folderConfig is the content of ConfigFile.
type folderConfig struct {
	Model      json.RawMessage `json:"model_cfg"`
	Preprocess json.RawMessage `json:"preprocess_cfg"`
}

// ReadConfig reads the configuration of a model folder, and leaves its weights alone.
func ReadConfig(dir string) (c Config, pre Preprocess, err error) {
	path := filepath.Join(dir, ConfigFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, pre, fmt.Errorf("model folder: %w", err)
	}
	if c, pre, err = parseConfig(raw); err != nil {
		return c, pre, fmt.Errorf("%s: %w", path, err)
	}
	return c, pre, nil
}

func parseConfig(raw []byte) (c Config, pre Preprocess, err error) {
	var folder folderConfig
	if err := json.Unmarshal(raw, &folder); err != nil {
		return c, pre, err
	}
	if len(folder.Model) == 0 {
		return c, pre, fmt.Errorf("there is no model_cfg")
	}
	if err := json.Unmarshal(folder.Model, &c); err != nil {
		return c, pre, err
	}
	if err := c.Validate(); err != nil {
		return c, pre, err
	}
	pre = DefaultPreprocess(c)
	if len(folder.Preprocess) > 0 {
		if err := json.Unmarshal(folder.Preprocess, &pre); err != nil {
			return c, pre, err
		}
	}
	if pre.Size != c.Vision.ImageSize {
		return c, pre, fmt.Errorf("preprocess_cfg makes images of %d pixels, the model takes %d", pre.Size, c.Vision.ImageSize)
	}
	return c, pre, pre.Validate()
}

func writeConfig(path string, c Config, pre Preprocess) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"model_cfg": c, "preprocess_cfg": pre})
	})
}
