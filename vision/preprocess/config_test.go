package preprocess

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestConfigReadsOpenCLIP(t *testing.T) {
	c := DefaultConfig(224)
	text := `{"size": [256, 256], "mode": "RGB", "mean": [0.5, 0.5, 0.5], "std": null, "interpolation": "bilinear",
		"resize_mode": "squash", "fill_color": 3, "timm": true}`
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig(256)
	want.Mean = [3]float32{0.5, 0.5, 0.5}
	want.Interpolation, want.ResizeMode, want.FillColor = "bilinear", "squash", 3
	if c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestConfigRoundTrip(t *testing.T) {
	want := DefaultConfig(336)
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"size":336`, `"interpolation":"bicubic"`, `"resize_mode":"shortest"`, `"fill_color":0`} {
		if !strings.Contains(string(text), key) {
			t.Errorf("%s is not in %s", key, text)
		}
	}
	got := DefaultConfig(1)
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
}

func TestConfigRefuses(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"size":          func(c *Config) { c.Size = 0 },
		"mode":          func(c *Config) { c.Mode = "L" },
		"interpolation": func(c *Config) { c.Interpolation = "lanczos" },
		"resize_mode":   func(c *Config) { c.ResizeMode = "crop" },
		"fill_color":    func(c *Config) { c.FillColor = 256 },
		"std":           func(c *Config) { c.Std[1] = 0 },
		"pixels":        func(c *Config) { c.MaxPixels = 0 },
	} {
		c := DefaultConfig(224)
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v", want, err)
		}
	}
	for _, text := range []string{`{"size": [224, 200]}`, `{"size": "large"}`, `{"mean": 3}`} {
		c := DefaultConfig(224)
		if err := json.Unmarshal([]byte(text), &c); err == nil {
			t.Errorf("%s: accepted", text)
		}
	}
}
