package clip

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/nn"
)

func TestPresetsAreOpenClipsModels(t *testing.T) {
	for _, name := range []string{"presets", "resnet-presets"} {
		t.Run(name, func(t *testing.T) { comparePresets(t, "testdata/"+name+".json") })
	}
}

func comparePresets(t *testing.T, path string) {
	var golden struct {
		Presets map[string]struct {
			Count  int     `json:"count"`
			SHA256 string  `json:"sha256"` // of all names and shapes
			Quick  bool    `json:"quick_gelu"`
			Heads  [2]int  `json:"heads"`     // image, text
			Config *Config `json:"model_cfg"` // of some
		} `json:"presets"`
	}
	goldenJSON(t, path, &golden)
	if len(golden.Presets) < 10 {
		t.Fatalf("the golden file has %d presets", len(golden.Presets))
	}
	for name, want := range golden.Presets {
		c, err := Preset(name)
		if err != nil {
			t.Error(err)
			continue
		}
		plan, err := Plan(c)
		if err != nil {
			t.Error(err)
			continue
		}
		count, sum := summary(plan)
		heads := [2]int{c.Vision.Heads(), c.Text.Heads}
		if want.Config != nil && c != *want.Config {
			t.Errorf("%s: got %+v, want %+v", name, c, *want.Config)
		}
		if count != want.Count || sum != want.SHA256 || c.QuickGELU != want.Quick || heads != want.Heads {
			t.Errorf("%s: %d parameters, heads %v, QuickGELU %v, names and shapes %s; want %+v", name, count, heads, c.QuickGELU, sum, want)
		}
	}
}

// summary counts the elements of parameters and hashes their names and shapes as the reference script does.
func summary(plan []nn.Param) (count int, sum string) {
	var lines []string
	for _, p := range plan {
		n := 1
		for _, size := range p.Shape {
			n *= int(size)
		}
		count += n
		lines = append(lines, p.Name+" "+strings.Trim(fmt.Sprint(p.Shape), "[]")+"\n")
	}
	slices.Sort(lines)
	hash := sha256.Sum256([]byte(strings.Join(lines, "")))
	return count, hex.EncodeToString(hash[:])
}

func TestUnknownPresetListsTheKnownOnes(t *testing.T) {
	_, err := Preset("ViT-L-15")
	if err == nil {
		t.Fatal("ViT-L-15 is known")
	}
	for _, want := range []string{`"ViT-L-15"`, "ViT-L-14", "ViT-L-14-336-quickgelu", "tiny"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in the error: %v", want, err)
		}
	}
}

func TestUnknownPresetNamesTheNearest(t *testing.T) {
	for name, want := range map[string]string{
		"ViT-B/32":         "did you mean ViT-B-32? ",
		"vit-l-14-336px":   "did you mean ViT-L-14-336? ",
		"VitB16-quickgelu": "did you mean ViT-B-16-quickgelu? ",
		"ViT-C-32":         "did you mean ViT-B-32? ",
		"RN-51":            "did you mean RN50? ",
		"resnet":           "; known are ",
		"":                 "; known are ",
	} {
		if _, err := Preset(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", name, err, want)
		}
	}
}

func TestEveryPresetIsValid(t *testing.T) {
	for _, name := range Presets() {
		c, err := Preset(name)
		if err == nil {
			err = c.Validate()
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
