package clip

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// openClipConfigs are all model configurations of open_clip by name, and a hash over names and shapes of the models.
func openClipConfigs(t *testing.T) map[string]openClipModel {
	t.Helper()
	var golden struct {
		Configs map[string]openClipModel `json:"configs"`
	}
	goldenJSON(t, "testdata/configs.json", &golden)
	if len(golden.Configs) < 140 {
		t.Fatalf("the golden file has %d configurations", len(golden.Configs))
	}
	return golden.Configs
}

type openClipModel struct {
	Model  json.RawMessage `json:"model_cfg"`
	SHA256 string          `json:"sha256"` // "" of models that are none of open_clip's own classes
}

// Every configuration is either refused, for a reason that names what is not supported, or gives a model with exactly the
// tensors that open_clip saves of it.
func TestEveryConfigurationOfOpenClipIsRefusedOrTheSameModel(t *testing.T) {
	reasons := []string{"unknown field", "timm_model_name is", "no_causal_mask true with pool_type"}
	accepted := 0
	for name, model := range openClipConfigs(t) {
		var c Config
		err := json.Unmarshal(model.Model, &c)
		if err == nil {
			err = c.Validate()
		}
		if err != nil {
			if !slices.ContainsFunc(reasons, func(reason string) bool { return strings.Contains(err.Error(), reason) }) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		accepted++
		if got := hashOfFiles(t, c); got != model.SHA256 {
			t.Errorf("%s: names and shapes differ from open_clip's: %s, want %s", name, got, model.SHA256)
		}
		written, err := json.Marshal(c)
		var again Config
		if err != nil || json.Unmarshal(written, &again) != nil || again != c {
			t.Errorf("%s: written and read again it is %+v, want %+v (%v)", name, again, c, err)
		}
	}
	t.Logf("%d of %d configurations are accepted", accepted, len(openClipConfigs(t)))
	if accepted < 65 {
		t.Errorf("%d configurations are accepted", accepted)
	}
}

// hashOfFiles hashes names and shapes of the tensors in open_clip's files as the reference script does.
func hashOfFiles(t *testing.T, c Config) string {
	t.Helper()
	plan, err := Plan(c)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	var names []string
	for _, p := range plan {
		for _, part := range openClipNames(c)(p) {
			names = append(names, part.name)
			parts[part.name] = strings.Trim(fmt.Sprint(part.shape), "[]")
		}
	}
	slices.Sort(names)
	var lines strings.Builder
	for _, name := range names {
		fmt.Fprintf(&lines, "%s %s\n", name, parts[name])
	}
	sum := sha256.Sum256([]byte(lines.String()))
	return hex.EncodeToString(sum[:])
}

func TestPresetsAreOpenClipsConfigurations(t *testing.T) {
	configs := openClipConfigs(t)
	for _, name := range Presets() {
		plain := strings.TrimSuffix(name, quickSuffix)
		if plain == "tiny" || plain == "small" {
			continue
		}
		if _, ok := configs[name]; !ok {
			name, plain = plain, name // open_clip has no such name, but the architecture
		}
		got, err := Preset(name)
		var want Config
		if err != nil || json.Unmarshal(configs[name].Model, &want) != nil || got != want {
			t.Errorf("%s: got %+v, want %+v (%v)", name, got, want, err)
		}
	}
}

// A key that is not known stands for another architecture, wherever it is.
func TestUnknownKeysOfAConfigurationAreNamed(t *testing.T) {
	vit, err := Preset("tiny")
	if err != nil {
		t.Fatal(err)
	}
	siglip, err := Preset("ViT-B-16-SigLIP")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{vit, siglip} {
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, new(Config)); err != nil {
			t.Errorf("as it is: %v", err)
		}
		for _, before := range []string{`"embed_dim":`, `"image_size":`, `"context_length":`} { // of the whole, of vision_cfg, of text_cfg
			changed := strings.Replace(string(raw), before, `"odd_key":1,`+before, 1)
			if err := json.Unmarshal([]byte(changed), new(Config)); err == nil || !strings.Contains(err.Error(), `unknown field "odd_key"`) {
				t.Errorf("beside %s: got %v", before, err)
			}
		}
	}
}
