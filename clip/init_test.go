package clip

import (
	"bytes"
	"math"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/vision"
)

// spread is what the reference measured of a parameter in a fresh model of open_clip.
type spread struct{ Mean, Std, Max float64 }

func measure(values []float32) (s spread) {
	n := float64(len(values))
	for _, v := range values {
		s.Mean += float64(v) / n
		s.Max = max(s.Max, math.Abs(float64(v)))
	}
	for _, v := range values {
		s.Std += (float64(v) - s.Mean) * (float64(v) - s.Mean) / n
	}
	s.Std = math.Sqrt(s.Std)
	return s
}

// A standard deviation estimated from n values is off by one part in sqrt(2n) (one sigma); both sides are estimates, and
// five sigmas are allowed. The largest value tells an even distribution (1.73 standard deviations) from a normal one
// (above 2.4 from 96 values on).
func TestNewModelHasOpenClipsSpread(t *testing.T) {
	for _, name := range []string{"init", "resnet-init"} {
		t.Run(name, func(t *testing.T) { compareSpread(t, "testdata/"+name+".json") })
	}
}

func compareSpread(t *testing.T, path string) {
	torchtest.NoLeak(t)
	var golden struct {
		Model  Config            `json:"model_cfg"`
		Spread map[string]spread `json:"spread"`
	}
	goldenJSON(t, path, &golden)
	m, err := New(golden.Model, 7, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if len(golden.Spread) != len(m.Parameters()) {
		t.Errorf("%d parameters, want %d", len(m.Parameters()), len(golden.Spread))
	}
	for _, p := range m.Parameters() {
		want, got := golden.Spread[p.Name], measure(p.Tensor.Floats())
		n := float64(p.Tensor.Len())
		if math.Abs(got.Std-want.Std) > 5*want.Std*math.Sqrt(1/n)+1e-9 {
			t.Errorf("%s: the standard deviation is %g, want %g", p.Name, got.Std, want.Std)
		}
		if math.Abs(got.Mean-want.Mean) > 5*want.Std*math.Sqrt(2/n)+1e-6 {
			t.Errorf("%s: the mean is %g, want %g", p.Name, got.Mean, want.Mean)
		}
		if got.Std > 0 && (got.Max/got.Std < 2) != (want.Max/want.Std < 2) {
			t.Errorf("%s: the largest value is %.2f standard deviations, want %.2f", p.Name, got.Max/got.Std, want.Max/want.Std)
		}
	}
}

func TestSeedDecidesTheWeights(t *testing.T) {
	torchtest.NoLeak(t)
	var golden lockGolden
	goldenJSON(t, "testdata/lock.json", &golden)
	projection := func(seed uint64) []byte {
		m, err := New(golden.Model, seed, torch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		return m.Visual.(*vision.Transformer).Projection.Bytes()
	}
	if !bytes.Equal(projection(1), projection(1)) {
		t.Error("the same seed gives other weights")
	}
	if bytes.Equal(projection(1), projection(2)) {
		t.Error("another seed gives the same weights")
	}
}
