package clip

import (
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/vision"
)

const resnetGolden = "testdata/resnet.safetensors"

// openResNet reads the golden's model.
func openResNet(t *testing.T) (*torchtest.Golden, *Model) {
	t.Helper()
	g := torchtest.Open(t, resnetGolden)
	return g, goldenModel(t, g, nil)
}

// resnetPixels is the batch that the golden features are of.
func resnetPixels(scope *torch.Scope) *torch.Tensor { return torchtest.Noise(scope, 0, 6, 3, 64, 64) }

func TestResNetFeaturesEqualOpenClips(t *testing.T) {
	torchtest.NoLeak(t)
	g, m := openResNet(t)
	scope := torch.NewScope()
	defer scope.Close()
	image, text := m.EncodeImage(resnetPixels(scope)).Floats(), m.EncodeText(g.Tensor(scope, "tokens")).Floats()
	if a, b := torchtest.MaxDiff(image, g.Floats("image")), torchtest.MaxDiff(text, g.Floats("text")); a > featureTolerance || b > featureTolerance {
		t.Errorf("image features differ by %g, text features by %g", a, b)
	}
}

// resnetDiffs are the largest relative differences to a forward and backward pass of open_clip in training.
type resnetDiffs struct{ features, loss, gradients, statistics float64 }

// trainResNet runs the golden's pass in training, after change has had its way with the model.
func trainResNet(t *testing.T, change func(*Model)) (d resnetDiffs) {
	g, m := openResNet(t)
	want := torchtest.Open(t, "testdata/resnet-grads.safetensors")
	m.SetTraining(true)
	change(m)
	scope := torch.NewScope()
	defer scope.Close()
	image := m.EncodeImage(resnetPixels(scope))
	loss := Loss(image, m.EncodeText(g.Tensor(scope, "tokens")), m.LogitScale, 1)
	loss.Backward()
	d.features = torchtest.RelDiff(image.Floats(), want.Floats("image"))
	d.loss = torchtest.RelDiff(loss.Floats(), want.Floats("loss"))
	for _, p := range m.Parameters() {
		switch {
		case p.Name == "visual.attnpool.k_proj.bias": // softmax does not see it: the gradient is 0 but for rounding
			d.gradients = max(d.gradients, torchtest.MaxDiff(p.Tensor.Grad(scope).Floats(), want.Floats("grad/"+p.Name)))
		case strings.HasPrefix(p.Name, visual):
			d.gradients = max(d.gradients, torchtest.RelDiff(p.Tensor.Grad(scope).Floats(), want.Floats("grad/"+p.Name)))
		}
	}
	for _, b := range m.Buffers() {
		got, want := b.Tensor.In(scope).To(torch.CPU, torch.Float32), want.Tensor(scope, "stats/"+b.Name).To(torch.CPU, torch.Float32)
		d.statistics = max(d.statistics, torchtest.RelDiff(got.Floats(), want.Floats()))
	}
	return d
}

func TestResNetTrainsAsOpenClips(t *testing.T) {
	torchtest.NoLeak(t)
	d := trainResNet(t, func(*Model) {})
	if d.features > featureTolerance || d.loss > gradientTolerance || d.gradients > gradientTolerance || d.statistics > featureTolerance {
		t.Errorf("differences are %+v", d)
	}
}

// Each fault must be seen at the tolerances that the parity test has.
func TestResNetTrainingTestSeesFaults(t *testing.T) {
	for _, fault := range []struct {
		name   string
		change func(*Model)
		small  func(resnetDiffs) bool
	}{
		{"running statistics in training", func(m *Model) { m.SetTraining(false) }, func(d resnetDiffs) bool {
			return d.features < 100*featureTolerance || d.gradients < 10*gradientTolerance || d.statistics < 100*featureTolerance
		}},
		{"no positions", func(m *Model) { m.Visual.(*vision.ResNet).Pool.Position.Fill(0) }, func(d resnetDiffs) bool {
			return d.features < 100*featureTolerance || d.gradients < 10*gradientTolerance
		}},
		{"a batch more", func(m *Model) { m.Buffers()[2].Tensor.Increment() }, func(d resnetDiffs) bool { return d.statistics < 100*featureTolerance }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			torchtest.NoLeak(t)
			if d := trainResNet(t, fault.change); fault.small(d) {
				t.Errorf("differences are %+v only", d)
			}
		})
	}
}

func TestFrozenStatisticsStayInTraining(t *testing.T) {
	torchtest.NoLeak(t)
	g, m := openResNet(t)
	m.FreezeStatistics()
	m.SetTraining(true)
	scope := torch.NewScope()
	defer scope.Close()
	if d := torchtest.MaxDiff(m.EncodeImage(resnetPixels(scope)).Floats(), g.Floats("image")); d > featureTolerance {
		t.Errorf("features differ by %g from those by running statistics", d)
	}
	for _, b := range m.Buffers() {
		want := g.Tensor(scope, "weight/"+b.Name)
		if !slices.Equal(b.Tensor.Bytes(), want.Bytes()) {
			t.Errorf("%s has moved", b.Name)
		}
	}
}

func TestResNetIsLockedWhole(t *testing.T) {
	torchtest.NoLeak(t)
	_, m := openResNet(t)
	if err := m.LockImage(1); err == nil || !strings.Contains(err.Error(), "--lock-image-unlocked-groups 1") {
		t.Errorf("got %v, want an error about the groups", err)
	}
	if got, want := len(m.Trainable()), len(m.Parameters()); got != want {
		t.Errorf("after a lock that is refused %d of %d parameters are trainable", got, want)
	}
	if err := m.LockImage(0); err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Trainable() {
		if strings.HasPrefix(p.Name, visual) {
			t.Errorf("%s is trainable", p.Name)
		}
	}
}

// Running statistics and the count of batches are part of a saved model.
func TestResNetIsTheSameAfterSaveAndLoad(t *testing.T) {
	torchtest.NoLeak(t)
	_, m := openResNet(t)
	dir := t.TempDir()
	if err := m.WriteFiles(dir, DefaultPreprocess(m.Config)); err != nil {
		t.Fatal(err)
	}
	again, _, err := Load(dir, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	if again.Config != m.Config {
		t.Errorf("the configuration is %+v, want %+v", again.Config, m.Config)
	}
	want, got := allBytes(t, m), allBytes(t, again)
	for name, data := range want {
		if !slices.Equal(got[name], data) {
			t.Errorf("%s differs", name)
		}
	}
	const count = "visual.layer2.0.downsample.1.num_batches_tracked"
	if len(want[count]) != 8 || want[count][0] != 3 {
		t.Errorf("%s is % x, want 3 as an int64", count, want[count])
	}
}

func allBytes(t *testing.T, m *Model) map[string][]byte {
	t.Helper()
	weights, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, w := range weights {
		out[w.Name] = w.Data
	}
	return out
}
