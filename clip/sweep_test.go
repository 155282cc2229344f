package clip

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	spoil "github.com/mclclip/mclclip/internal/damage"
)

// configFile is a configuration as model.Save writes it.
func configFile(t testing.TB) []byte {
	c, err := Preset("ViT-B-32")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.MarshalIndent(map[string]any{"model_cfg": c, "preprocess_cfg": DefaultPreprocess(c)}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What passes is a model that can be: its sizes were validated.
func readOpenClip(raw []byte) error {
	c, pre, err := parseConfig(raw)
	if err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return err
	}
	return pre.Validate()
}

func TestDamageOfConfigurationsAtAThousandPlaces(t *testing.T) {
	t.Run("open_clip", func(t *testing.T) { spoil.Sweep(t, configFile(t), readOpenClip) })
	hf := filepath.Join(weightsDir, "hf")
	path := filepath.Join(t.TempDir(), hfConfigFile)
	t.Run(hfConfigFile, func(t *testing.T) {
		spoil.Sweep(t, contentOf(t, filepath.Join(hf, hfConfigFile)), func(damaged []byte) error {
			if err := os.WriteFile(path, damaged, 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := readHFConfig(path)
			return err
		})
	})
	c, err := readHFConfig(filepath.Join(hf, hfConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Run(hfPreprocessFile, func(t *testing.T) {
		spoil.Sweep(t, contentOf(t, filepath.Join(hf, hfPreprocessFile)), func(damaged []byte) error {
			_, err := parseHFPreprocess(damaged, c)
			return err
		})
	})
}

func contentOf(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func FuzzConfig(f *testing.F) {
	f.Add(configFile(f))
	f.Fuzz(func(t *testing.T, raw []byte) { _ = readOpenClip(raw) })
}
