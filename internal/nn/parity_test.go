package nn

import (
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// goldens are what open_clip's own blocks computed; "name" is the file, heads and ratio are those of its configuration.
var goldens = []struct {
	name, tower string
	config      BlockConfig
}{
	{"quickgelu", "visual.transformer", BlockConfig{Width: 32, Heads: 4, MLPRatio: 4, Activation: QuickGELU}},
	{"quickgelu", "transformer", BlockConfig{Width: 24, Heads: 2, MLPRatio: 4, Activation: QuickGELU, Causal: true}},
	{"gelu", "visual.transformer", BlockConfig{Width: 24, Heads: 2, MLPRatio: 4.3637, Activation: GELU}},
	{"gelu", "transformer", BlockConfig{Width: 32, Heads: 4, MLPRatio: 4, Activation: GELU, Causal: true}},
}

// parityTolerance is float32's rounding over the few hundred sums of a small block whose outputs are of size 1.
const parityTolerance = 1e-5

// block reads block i of a tower; its parameters are freed with the test.
func block(t *testing.T, g *torchtest.Golden, tower string, c BlockConfig, i string) *Block {
	b := NewBuilder(func(p Param) (*torch.Tensor, error) { return g.Tensor(nil, "weight/"+p.Name), nil })
	made := NewBlock(b.Sub(tower+".resblocks."+i), c)
	t.Cleanup(func() { Free(b.Params()) })
	return made
}

// mid reads what the reference had at a place of the tower.
func mid(g *torchtest.Golden, scope *torch.Scope, tower, place string) *torch.Tensor {
	return g.Tensor(scope, "mid/"+tower+".resblocks."+place)
}

// alone runs a layer on x [B, L, D].
func alone(x *torch.Tensor, forward func(x *torch.Tensor, s *Sequences) *torch.Tensor) *torch.Tensor {
	shape := x.Shape()
	s := Whole(x.Scope(), torch.CPU, make([]int64, shape[0]), shape[1])
	return forward(s.Tokens(x), s)
}

func TestLayersComputeWhatOpenClipDoes(t *testing.T) {
	for _, golden := range goldens {
		t.Run(golden.name+" "+golden.tower, func(t *testing.T) {
			torchtest.NoLeak(t)
			g := torchtest.Open(t, "../../clip/testdata/"+golden.name+".safetensors")
			scope := torch.NewScope()
			defer scope.Close()
			first := block(t, g, golden.tower, golden.config, "0")
			for _, layer := range []struct {
				name, in, out string
				forward       func(*torch.Tensor) *torch.Tensor
			}{
				{"attention", "0.ln_1", "0.attn", func(x *torch.Tensor) *torch.Tensor { return alone(x, first.Attention.Forward) }},
				{"mlp", "0.ln_2", "0.mlp", first.MLP.Forward},
			} {
				got := layer.forward(mid(g, scope, golden.tower, layer.in)).Floats()
				if d := torchtest.MaxDiff(got, mid(g, scope, golden.tower, layer.out).Floats()); d > parityTolerance {
					t.Errorf("%s differs by %g", layer.name, d)
				}
			}
			if golden.config.Width == 32 && golden.name == "gelu" {
				return // a tower of one block
			}
			second := block(t, g, golden.tower, golden.config, "1")
			got := alone(mid(g, scope, golden.tower, "0"), second.Forward).Floats()
			if d := torchtest.MaxDiff(got, mid(g, scope, golden.tower, "1").Floats()); d > parityTolerance {
				t.Errorf("block 1 differs by %g", d)
			}
		})
	}
}

// Each fault must be seen at the tolerance that the parity test has.
func TestParityTestSeesFaults(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "../../clip/testdata/quickgelu.safetensors")
	vision, text := goldens[0].config, goldens[1].config
	for _, fault := range []struct {
		name, tower string
		config      BlockConfig
		change      func(*BlockConfig)
	}{
		{"gelu for quickgelu", "visual.transformer", vision, func(c *BlockConfig) { c.Activation = GELU }},
		{"another number of heads", "visual.transformer", vision, func(c *BlockConfig) { c.Heads = 2 }},
		{"a causal mask over patches", "visual.transformer", vision, func(c *BlockConfig) { c.Causal = true }},
		{"no causal mask over tokens", "transformer", text, func(c *BlockConfig) { c.Causal = false }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			scope := torch.NewScope()
			defer scope.Close()
			fault.change(&fault.config)
			got := alone(mid(g, scope, fault.tower, "0"), block(t, g, fault.tower, fault.config, "1").Forward).Floats()
			if d := torchtest.MaxDiff(got, mid(g, scope, fault.tower, "1").Floats()); d < 100*parityTolerance {
				t.Errorf("the output differs by %g only", d)
			}
		})
	}
}

func TestBlocksKeepOnlyTheirOutput(t *testing.T) {
	torchtest.NoLeak(t)
	scope := torch.NewScope()
	defer scope.Close()
	b := NewBuilder(Fresh(torch.CPU))
	blocks := NewBlocks(b, BlockConfig{Width: 8, Layers: 5, Heads: 2, MLPRatio: 2, Activation: GELU})
	t.Cleanup(func() { Free(b.Params()) })
	x := torch.FromFloats(scope, make([]float32, 3*8), 3, 8)
	s := Whole(scope, torch.CPU, make([]int64, 1), 3)
	before := torch.Live()
	torch.NoGrad(func() { blocks.Forward(x, s) })
	if made := torch.Live() - before; made != 1 {
		t.Errorf("%d tensors are left, want 1", made)
	}
	if x.Len() != 3*8 {
		t.Error("the input is gone")
	}
}

func TestPlanNamesParametersAsOpenClipDoes(t *testing.T) {
	torchtest.NoLeak(t)
	b := NewBuilder(nil)
	NewBlocks(b.Sub("transformer"), BlockConfig{Width: 1408, Layers: 1, Heads: 16, MLPRatio: 4.3637})
	var names []string
	for _, p := range b.Params() {
		names = append(names, strings.TrimPrefix(p.Name, "transformer.resblocks.0."))
		if p.Tensor != nil {
			t.Errorf("%s has a tensor in a plan", p.Name)
		}
		if strings.HasSuffix(p.Name, "c_fc.weight") && p.Shape[0] != 6144 {
			t.Errorf("the hidden width of ViT-g-14 is %d, want 6144", p.Shape[0])
		}
	}
	want := "ln_1.weight ln_1.bias attn.in_proj_weight attn.in_proj_bias attn.out_proj.weight attn.out_proj.bias " +
		"ln_2.weight ln_2.bias mlp.c_fc.weight mlp.c_fc.bias mlp.c_proj.weight mlp.c_proj.bias"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
