package vision

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestLayersAreANumberOrAList(t *testing.T) {
	resnet := Config{ImageSize: 64, Width: 8, HeadWidth: 64, Stages: [4]int{2, 1, 1, 1}}
	vit := DefaultConfig()
	vit.Layers = 3
	for raw, want := range map[string]Config{
		`{"image_size": 64, "layers": [2, 1, 1, 1], "width": 8, "patch_size": null}`: resnet,
		`{"layers": 3}`: vit,
		`{}`:            DefaultConfig(),
	} {
		got := DefaultConfig()
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", raw, got, err, want)
		}
		written, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if got = DefaultConfig(); json.Unmarshal(written, &got) != nil || got != want {
			t.Errorf("%s reads as %+v, want %+v", written, got, want)
		}
		if got.ResNet() != strings.Contains(string(written), `"patch_size":null`) {
			t.Errorf("patch_size in %s", written)
		}
	}
}

func TestOtherTowersAreRefused(t *testing.T) {
	for raw, want := range map[string]string{
		`{"layers": [3, 4, 6]}`:            "four stages",
		`{"layers": [3, 4, 6, 3, 1]}`:      "four stages",
		`{"layers": [0, 0, 0, 0]}`:         "four stages",
		`{"layers": "12"}`:                 "string",
		`{"timm_model_name": "resnet50"}`:  "timm_model_name",
		`{"layers": [1, 1, 1, 1], "x": 1}`: `"x"`,
	} {
		c := DefaultConfig()
		if err := json.Unmarshal([]byte(raw), &c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in the error", raw, err, want)
		}
	}
}

func TestValidateNamesTheFaultOfAResNet(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"layers [3 0 6 3]": func(c *Config) { c.Stages[1] = 0 },
		"image_size 225":   func(c *Config) { c.ImageSize = 225 },
		"width 63":         func(c *Config) { c.Width = 63 },
		"head_width 100":   func(c *Config) { c.HeadWidth = 100 },
		"head_width 0":     func(c *Config) { c.HeadWidth = 0 },
	} {
		c := Config{ImageSize: 224, Width: 64, HeadWidth: 64, Stages: [4]int{3, 4, 6, 3}}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
