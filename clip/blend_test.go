package clip

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

func TestABlendLiesBetweenTwoModels(t *testing.T) {
	torchtest.NoLeak(t)
	fresh := func(seed uint64) *Model {
		m, err := New(lockConfig(t), seed, torch.CPU)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		return m
	}
	base, tuned := fresh(1), fresh(2)
	tuned.LogitScale.Fill(4)
	for _, alpha := range []float64{0, 0.3, 0.5, 1} {
		blend, err := Blend(base, tuned, alpha)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(blend.Close)
		for i, p := range blend.Parameters() {
			from, to, got := base.Parameters()[i].Tensor.Floats(), tuned.Parameters()[i].Tensor.Floats(), p.Tensor.Floats()
			for j := range got {
				want := (1-alpha)*float64(from[j]) + alpha*float64(to[j])
				if math.Abs(float64(got[j])-want) > 1e-6*math.Max(1, math.Abs(want)) {
					t.Fatalf("alpha %g: %s[%d] is %v, want %v of %v and %v", alpha, p.Name, j, got[j], want, from[j], to[j])
				}
			}
			if alpha == 0 && !slices.Equal(got, from) || alpha == 1 && !slices.Equal(got, to) {
				t.Errorf("alpha %g: %s is not as in the model at this end", alpha, p.Name)
			}
		}
	}
	if got := base.LogitScale.Item(); got == 4 {
		t.Error("the base model was changed")
	}
}

func TestModelsOfTwoArchitecturesAreNotBlended(t *testing.T) {
	c := lockConfig(t)
	other := c
	other.QuickGELU = !c.QuickGELU
	if err := CheckBlend(c, other); err == nil || !strings.Contains(err.Error(), "GELU") {
		t.Errorf("got %v, want an error that names both activations", err)
	}
	if err := CheckBlend(c, c); err != nil {
		t.Error(err)
	}
}
