package vision

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// tolerance is float32's rounding over two blocks whose outputs are of size 1.
const tolerance = 1e-5

// tower reads the golden's image tower, after change has had its way with the configuration.
func tower(t *testing.T, g *torchtest.Golden, change func(*Config, *nn.Activation)) *Transformer {
	var golden struct {
		Model struct {
			Embed  int             `json:"embed_dim"`
			Quick  bool            `json:"quick_gelu"`
			Vision json.RawMessage `json:"vision_cfg"`
		} `json:"model_cfg"`
	}
	if err := json.Unmarshal([]byte(g.Metadata("golden")), &golden); err != nil {
		t.Fatal(err)
	}
	c, activation := DefaultConfig(), nn.Activation(nn.GELU)
	if err := json.Unmarshal(golden.Model.Vision, &c); err != nil {
		t.Fatal(err)
	}
	if golden.Model.Quick {
		activation = nn.QuickGELU
	}
	if change != nil {
		change(&c, &activation)
	}
	b := nn.NewBuilder(func(p nn.Param) (*torch.Tensor, error) { return g.Tensor(nil, "weight/"+p.Name), nil })
	made := NewTransformer(b.Sub("visual"), c, golden.Model.Embed, activation)
	t.Cleanup(func() { nn.Free(b.Params()) })
	return made
}

func TestTowerComputesWhatOpenClipDoes(t *testing.T) {
	for _, name := range []string{"quickgelu", "gelu"} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			g := torchtest.Open(t, "../clip/testdata/"+name+".safetensors")
			scope := torch.NewScope()
			defer scope.Close()
			v, pixels := tower(t, g, nil), g.Tensor(scope, "pixels")
			compare := func(place string, got *torch.Tensor) {
				t.Helper()
				if d := torchtest.MaxDiff(got.Floats(), g.Floats(place)); d > tolerance {
					t.Errorf("%s differs by %g", place, d)
				}
			}
			compare("mid/visual.conv1", pixels.Conv2d(v.Patch, v.patchSize, 0))
			x := v.embed(pixels)
			compare("mid/visual.ln_pre", x)
			shape := x.Shape()
			s := nn.Whole(scope, torch.CPU, make([]int64, shape[0]), shape[1])
			for i, block := range v.Blocks {
				x = block.Forward(s.Tokens(x), s).Reshape(shape...)
				compare("mid/visual.transformer.resblocks."+strconv.Itoa(i), x)
			}
			compare("image", v.Forward(pixels))
		})
	}
}

// Each fault must be seen at the tolerance that the parity test has.
func TestParityTestSeesFaults(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "../clip/testdata/quickgelu.safetensors")
	for _, fault := range []struct {
		name   string
		config func(*Config, *nn.Activation)
		tower  func(*Transformer)
	}{
		{"gelu for quickgelu", func(_ *Config, a *nn.Activation) { *a = nn.GELU }, nil},
		{"another head width", func(c *Config, _ *nn.Activation) { c.HeadWidth *= 2 }, nil},
		{"norms swapped", nil, func(v *Transformer) { v.PreNorm, v.PostNorm = v.PostNorm, v.PreNorm }},
		{"a block left out", nil, func(v *Transformer) { v.Blocks = v.Blocks[:1] }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			scope := torch.NewScope()
			defer scope.Close()
			v := tower(t, g, fault.config)
			if fault.tower != nil {
				fault.tower(v)
			}
			got := v.Forward(g.Tensor(scope, "pixels")).Floats()
			if d := torchtest.MaxDiff(got, g.Floats("image")); d < 100*tolerance {
				t.Errorf("the features differ by %g only", d)
			}
		})
	}
}

func TestPixelsOfAnotherSizeAreRefused(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "../clip/testdata/quickgelu.safetensors")
	v := tower(t, g, nil)
	err := func() (err error) {
		defer torch.Recover(&err)
		scope := torch.NewScope()
		defer scope.Close()
		v.Forward(torch.Zeros(scope, torch.CPU, torch.Float32, 1, 3, 16, 20))
		return nil
	}()
	if err == nil || !strings.Contains(err.Error(), "pixels") {
		t.Errorf("got %v, want an error about the pixels", err)
	}
}

func TestValidateNamesTheFault(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"layers 0":                   func(c *Config) { c.Layers = 0 },
		"mlp_ratio -1":               func(c *Config) { c.MLPRatio = -1 },
		"patch_size 300":             func(c *Config) { c.PatchSize = 300 },
		"multiple of head_width 100": func(c *Config) { c.HeadWidth = 100 },
	} {
		c := DefaultConfig()
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
