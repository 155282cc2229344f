package vision

import (
	"encoding/json"
	"testing"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// resnet reads the golden's ResNet.
func resnet(t *testing.T, g *torchtest.Golden, change func(*Config)) *ResNet {
	t.Helper()
	var golden struct {
		Model struct {
			Embed  int    `json:"embed_dim"`
			Vision Config `json:"vision_cfg"`
		} `json:"model_cfg"`
	}
	golden.Model.Vision = DefaultConfig()
	if err := json.Unmarshal([]byte(g.Metadata("golden")), &golden); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&golden.Model.Vision)
	}
	b := nn.NewBuilder(func(p nn.Param) (*torch.Tensor, error) { return g.Tensor(nil, "weight/"+p.Name), nil })
	tower := New(b.Sub("visual"), golden.Model.Vision, golden.Model.Embed, false)
	t.Cleanup(func() { nn.Free(b.Params()) })
	return tower.(*ResNet)
}

// goldenPixels is the first batch that the golden files are about.
func goldenPixels(scope *torch.Scope) *torch.Tensor { return torchtest.Noise(scope, 0, 6, 3, 64, 64) }

func TestResNetComputesWhatOpenClipDoes(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "../clip/testdata/resnet.safetensors")
	scope := torch.NewScope()
	defer scope.Close()
	r, pixels := resnet(t, g, nil), goldenPixels(scope)
	compare := func(place string, got *torch.Tensor) {
		t.Helper()
		if d := torchtest.MaxDiff(got.Floats(), g.Floats(place)); d > tolerance {
			t.Errorf("%s differs by %g", place, d)
		}
	}
	x := r.stem(pixels)
	compare("mid/visual.avgpool", x.Narrow(0, 0, 1)) // of the first image, as all below
	x = r.Stages[0][0].Forward(x)
	compare("mid/visual.layer1.0", x.Narrow(0, 0, 1))
	x = r.Stages[0][1].Forward(x)
	compare("mid/visual.layer1.1", x.Narrow(0, 0, 1))
	for i, name := range []string{"layer2", "layer3", "layer4"} {
		x = r.Stages[i+1][0].Forward(x)
		compare("mid/visual."+name, x.Narrow(0, 0, 1))
	}
	compare("image", r.Forward(pixels))
}

// Each fault must be seen at the tolerance that the parity test has.
func TestResNetParityTestSeesFaults(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "../clip/testdata/resnet.safetensors")
	for _, fault := range []struct {
		name   string
		config func(*Config)
		tower  func(*ResNet)
	}{
		{"another head width", func(c *Config) { c.HeadWidth *= 2 }, nil},
		{"statistics of the batch", nil, func(r *ResNet) { r.SetTraining(true) }},
		{"no positions", nil, func(r *ResNet) { r.Pool.Position.Fill(0) }},
		{"keys and queries swapped", nil, func(r *ResNet) { r.Pool.Key, r.Pool.Query = r.Pool.Query, r.Pool.Key }},
		{"the block's convolutions in another order", nil, func(r *ResNet) {
			b := r.Stages[0][1] // in a block without a shortcut convolution all norms of the same size can be swapped
			b.Reduce.Norm, b.Spatial.Norm = b.Spatial.Norm, b.Reduce.Norm
		}},
		{"the shortcut's norm at the end of the block", nil, func(r *ResNet) {
			b := r.Stages[1][0]
			b.Downsample.Norm, b.Expand.Norm = b.Expand.Norm, b.Downsample.Norm
		}},
		{"the shortcut pooled after its convolution's stride", nil, func(r *ResNet) {
			b := r.Stages[3][0] // order matters: a stride of 2 takes one place of four where pooling takes their mean
			b.Downsample.stride, b.stride = 2, 1
			b.Spatial.stride = 2
		}},
		{"a block left out", nil, func(r *ResNet) { r.Stages[0] = r.Stages[0][:1] }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			scope := torch.NewScope()
			defer scope.Close()
			r := resnet(t, g, fault.config)
			if fault.tower != nil {
				fault.tower(r)
			}
			if d := torchtest.MaxDiff(r.Forward(goldenPixels(scope)).Floats(), g.Floats("image")); d < 100*tolerance {
				t.Errorf("the features differ by %g only", d)
			}
		})
	}
}

func TestResNetKeepsOnlyItsOutput(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "../clip/testdata/resnet.safetensors")
	scope := torch.NewScope()
	defer scope.Close()
	r, pixels := resnet(t, g, nil), goldenPixels(scope)
	before := torch.Live()
	torch.NoGrad(func() { torch.Tidy(pixels, r.Forward) })
	if made := torch.Live() - before; made != 1 {
		t.Errorf("%d tensors are left, want 1", made)
	}
}
