package text

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// tolerance is float32's rounding over two blocks whose outputs are of size 1.
const tolerance = 1e-5

// seen is the number of positions of which the golden file has what is inside the tower.
const seen = 12

// tower reads the golden's text tower with its activation, or with the other one.
func tower(t *testing.T, g *torchtest.Golden, otherActivation bool) *Transformer {
	var golden struct {
		Model struct {
			Embed int             `json:"embed_dim"`
			Quick bool            `json:"quick_gelu"`
			Text  json.RawMessage `json:"text_cfg"`
		} `json:"model_cfg"`
	}
	if err := json.Unmarshal([]byte(g.Metadata("golden")), &golden); err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	if err := json.Unmarshal(golden.Model.Text, &c); err != nil {
		t.Fatal(err)
	}
	b := nn.NewBuilder(func(p nn.Param) (*torch.Tensor, error) { return g.Tensor(nil, "weight/"+p.Name), nil })
	made := New(b, c, golden.Model.Embed, golden.Model.Quick != otherActivation)
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
			tt, tokens := tower(t, g, false), g.Tensor(scope, "tokens")
			shape := tokens.Shape()
			s := nn.Whole(scope, torch.CPU, make([]int64, shape[0]), shape[1])
			x := tt.embed(tokens, s)
			for i, block := range tt.Blocks {
				x = block.Forward(x, s)
				place := "mid/transformer.resblocks." + strconv.Itoa(i)
				if d := torchtest.MaxDiff(x.Reshape(shape[0], shape[1], -1).Narrow(1, 0, seen).Floats(), g.Floats(place)); d > tolerance {
					t.Errorf("%s differs by %g", place, d)
				}
			}
			if d := torchtest.MaxDiff(tt.Forward(tokens).Floats(), g.Floats("text")); d > tolerance {
				t.Errorf("the features differ by %g", d)
			}
		})
	}
}

// Each fault must be seen at the tolerance that the parity test has.
func TestParityTestSeesFaults(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "../clip/testdata/quickgelu.safetensors")
	for _, fault := range []struct {
		name   string
		change func(*Transformer)
	}{
		{"no causal mask", func(tt *Transformer) { tt.Blocks[0].Attention.Causal = false }},
		{"a block left out", func(tt *Transformer) { tt.Blocks = tt.Blocks[:1] }},
		{"gelu for quickgelu", nil},
	} {
		t.Run(fault.name, func(t *testing.T) {
			scope := torch.NewScope()
			defer scope.Close()
			tt := tower(t, g, fault.change == nil)
			if fault.change != nil {
				fault.change(tt)
			}
			got := tt.Forward(g.Tensor(scope, "tokens")).Floats()
			if d := torchtest.MaxDiff(got, g.Floats("text")); d < 100*tolerance {
				t.Errorf("the features differ by %g only", d)
			}
		})
	}
}

// The features of captions cut after the longest one's end token equal those of the full context; cut inside it they do not.
func TestColumnsAfterTheEndDoNotMatter(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "../clip/testdata/quickgelu.safetensors")
	scope := torch.NewScope()
	defer scope.Close()
	tt := tower(t, g, false)
	all := g.Tensor(scope, "tokens")
	row := all.Narrow(0, 0, 1) // the first caption is a short one
	ids := row.Ints()
	length := int64(slices.Index(ids, slices.Max(ids))) + 1
	if length == int64(len(ids)) {
		t.Fatal("the caption fills the context")
	}
	want := tt.Forward(row).Floats()
	if d := torchtest.MaxDiff(tt.Forward(row.Narrow(1, 0, length)).Floats(), want); d > tolerance {
		t.Errorf("cut after the end token the features differ by %g", d)
	}
	if d := torchtest.MaxDiff(tt.Forward(row.Narrow(1, 0, length-1)).Floats(), want); d < 100*tolerance {
		t.Errorf("cut before the end token the features differ by %g only", d)
	}
}

func TestValidateNamesTheFault(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"vocab_size 0":        func(c *Config) { c.VocabSize = 0 },
		"context_length 1 ":   func(c *Config) { c.ContextLength = 1 },
		"multiple of heads 7": func(c *Config) { c.Heads = 7 },
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
