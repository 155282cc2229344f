package vision

import (
	"testing"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// plainGolden reads a network whose weights and features torchvision made.
func plainGolden(t *testing.T, name string, c PlainResNetConfig) (*torchtest.Golden, *PlainResNet) {
	t.Helper()
	g := torchtest.Open(t, "testdata/"+name+".safetensors")
	b := nn.NewBuilder(func(p nn.Param) (*torch.Tensor, error) {
		return g.Tensor(nil, "weight/"+p.Name), nil
	})
	net := NewPlainResNet(b, c)
	t.Cleanup(func() { nn.Free(b.Params()) })
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	return g, net
}

func TestPlainResNetIsTorchvisions(t *testing.T) {
	for name, c := range map[string]PlainResNetConfig{
		"plain_basic":      {Blocks: [4]int{1, 2, 1, 1}, Width: 4, Channels: 3},
		"plain_bottleneck": {Blocks: [4]int{1, 1, 2, 1}, Bottleneck: true, Width: 2, Channels: 3},
		"plain_small":      {Blocks: [4]int{1, 1, 1, 1}, Width: 4, Channels: 3, Small: true},
	} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			g, net := plainGolden(t, name, c)
			scope := torch.NewScope()
			defer scope.Close()
			if got := int64(net.Width()); got != g.Tensor(scope, "features").Shape()[1] {
				t.Fatalf("%d features", got)
			}
			check := func(what, key string) {
				t.Helper()
				got := net.Forward(g.Tensor(scope, "pixels")).Floats()
				if d := torchtest.RelDiff(got, g.Tensor(scope, key).Floats()); d > 1e-5 {
					t.Errorf("%s differs by %g", what, d)
				}
			}
			check("evaluation", "features")
			net.SetTraining(true)
			check("training", "features/training")
			net.SetTraining(false)
			check("evaluation after a batch has moved the statistics", "features/after")
			if d := torchtest.RelDiff(g.Tensor(scope, "features").Floats(), g.Tensor(scope, "features/after").Floats()); d < 1e-3 {
				t.Errorf("the statistics moved the features by %g only: the comparison sees nothing", d)
			}
		})
	}
}

func TestResNet18And50HaveTorchvisionsParameters(t *testing.T) {
	for want, c := range map[int]PlainResNetConfig{11176512: ResNet18, 23508032: ResNet50} { // without fc
		b := nn.NewBuilder(nil)
		NewPlainResNet(b, c)
		n := 0
		for _, p := range b.Params() {
			if p.Buffer {
				continue
			}
			size := 1
			for _, s := range p.Shape {
				size *= int(s)
			}
			n += size
		}
		if n != want {
			t.Errorf("%d parameters, want %d", n, want)
		}
	}
}
