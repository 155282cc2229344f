package unimodal

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/data/imageset"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// units are rows of length 1.
func units(r *rand.Rand, rows, width int) []float32 {
	out := make([]float32, rows*width)
	for i := range rows {
		row := out[i*width : (i+1)*width]
		sum := 0.0
		for j := range row {
			row[j] = float32(r.NormFloat64())
			sum += float64(row[j]) * float64(row[j])
		}
		for j := range row {
			row[j] /= float32(math.Sqrt(sum))
		}
	}
	return out
}

func cosine(z []float32, width, i, j int) (sum float64) {
	for k := range width {
		sum += float64(z[i*width+k]) * float64(z[j*width+k])
	}
	return sum
}

// ntxent is equation 1 of the SimCLR paper, summed naively, over views of the same block only.
func ntxent(z []float32, width, b, groups int, tau float64) float64 {
	total := 0.0
	for i := range 2 * b {
		sum := 0.0
		for j := range 2 * b {
			if j != i && (i%b)/(b/groups) == (j%b)/(b/groups) {
				sum += math.Exp(cosine(z, width, i, j) / tau)
			}
		}
		total -= cosine(z, width, i, (i+b)%(2*b))/tau - math.Log(sum)
	}
	return total / float64(2*b)
}

func TestNTXentIsThePapers(t *testing.T) {
	torchtest.NoLeak(t)
	scope := torch.NewScope()
	defer scope.Close()
	const b, width, tau = 12, 8, .2
	z := units(rand.New(rand.NewPCG(1, 0)), 2*b, width)
	x := torch.FromFloats(scope, z, 2*b, width)
	for _, groups := range []int{1, 2, 3, 6} {
		got, want := NTXent(x, groups, tau).Item(), ntxent(z, width, b, groups, tau)
		if math.Abs(got-want) > 1e-5 {
			t.Errorf("%d blocks: loss %v, want %v", groups, got, want)
		}
		if other := ntxent(z, width, b, 4, tau); math.Abs(got-other) < 1e-3 {
			t.Errorf("%d blocks: the loss of 4 blocks is as near", groups)
		}
	}
}

func TestMoCoLossSeesKeysOfTheOwnLabelOnly(t *testing.T) {
	torchtest.NoLeak(t)
	scope := torch.NewScope()
	defer scope.Close()
	const b, q, width, tau = 3, 7, 4, .5
	r := rand.New(rand.NewPCG(2, 0))
	queries, keys, queue := units(r, b, width), units(r, b, width), units(r, q, width)
	labels, queued := []int64{0, 1, 0}, []int64{1, 0, 0, -1, 1, 0, -1}
	all := slices.Concat(queries, keys, queue)
	want, unmasked := 0.0, 0.0
	for i := range b {
		own := math.Exp(cosine(all, width, i, b+i) / tau)
		sum, every := own, own
		for j := range q {
			e := math.Exp(cosine(all, width, i, 2*b+j) / tau)
			if every += e; labels[i] == queued[j] {
				sum += e
			}
		}
		want -= math.Log(own/sum) / b
		unmasked -= math.Log(own/every) / b
	}
	got := MoCoLoss(torch.FromFloats(scope, queries, b, width), torch.FromFloats(scope, keys, b, width), torch.FromFloats(scope, queue, q, width),
		torch.FromInts(scope, labels, b), torch.FromInts(scope, queued, q), tau).Item()
	if math.Abs(got-want) > 1e-5 || math.Abs(got-unmasked) < 1e-2 {
		t.Errorf("loss %v, want %v (all keys: %v)", got, want, unmasked)
	}
}

func TestTheQueueForgetsTheOldest(t *testing.T) {
	torchtest.NoLeak(t)
	q := newQueue(torch.CPU, 5, 1)
	defer q.free()
	for batch := range 3 {
		scope := torch.NewScope()
		v := float32(10 * batch)
		q.push(torch.FromFloats(scope, []float32{v, v + 1}, 2, 1), torch.FromInts(scope, []int64{int64(v), int64(v) + 1}, 2))
		scope.Close()
		if batch == 0 && q.labels.Ints()[2] != -1 {
			t.Errorf("an empty place has the label %d", q.labels.Ints()[2])
		}
	}
	if got := q.labels.Ints(); !slices.Equal(got, []int64{20, 21, 10, 11, 0}) {
		t.Errorf("labels are %v", got)
	}
	if got := q.keys.Floats(); !slices.Equal(got, []float32{20, 21, 10, 11, 0}) {
		t.Errorf("keys are %v", got)
	}
}

// stripes are pictures of one of two patterns in one of two brightnesses, with noise.
func stripes(n int, seed uint64) *imageset.Set {
	const size = 16
	r := rand.New(rand.NewPCG(seed, 0))
	s := &imageset.Set{Size: size, Features: []imageset.Feature{{Name: "pattern", Classes: []string{"rows", "columns"}, Of: make([]int32, n)}}}
	for i := range n {
		s.Features[0].Of[i] = int32(i % 2)
		for range 3 {
			for y := range size {
				for x := range size {
					at := y
					if i%2 == 1 {
						at = x
					}
					s.Pixels = append(s.Pixels, uint8(60+120*(at/2%2)+r.IntN(60)))
				}
			}
		}
	}
	return s
}

func tinyConfig(method string) Config {
	c := DefaultConfig()
	c.Method, c.Width, c.Hidden, c.Embed, c.Queue = method, 4, 16, 8, 64
	c.Train.BatchSize, c.Train.Groups, c.Clusters, c.Stages, c.BaseSteps, c.Steps, c.Bits = 16, 2, 3, 2, 3, 2, 2
	return c
}

func runTiny(t *testing.T, c Config, workers int) *Result {
	t.Helper()
	e, err := New(c, stripes(96, 1), stripes(20, 2), torch.CPU, workers)
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnExperimentDependsOnItsSeedAlone(t *testing.T) {
	torchtest.NoLeak(t)
	for _, method := range []string{SimCLR, MoCo} {
		c := tinyConfig(method)
		first, second := runTiny(t, c, 1), runTiny(t, c, 3)
		if len(first.Stages) != 2 || len(first.Controls) != 2 || first.Base.Test.Len() != 20 || first.Base.Train.Len() != 96 {
			t.Fatalf("%s: %d stages, %d controls, %d and %d pictures", method, len(first.Stages), len(first.Controls), first.Base.Train.Len(), first.Base.Test.Len())
		}
		same := func(a, b Representation) bool { return slices.Equal(a.Test.Data, b.Test.Data) && a.Loss == b.Loss }
		for i, r := range []Representation{first.Base, first.Stages[0], first.Stages[1], first.Controls[1]} {
			if !same(r, []Representation{second.Base, second.Stages[0], second.Stages[1], second.Controls[1]}[i]) {
				t.Errorf("%s: %s differs with the number of workers", method, r.Name)
			}
		}
		if same(first.Controls[0], first.Controls[1]) || same(first.Stages[0], first.Controls[0]) || same(first.Base, first.Stages[0]) {
			t.Errorf("%s: two models are the same", method)
		}
		c.Seed++
		if other := runTiny(t, c, 1); same(first.Base, other.Base) {
			t.Errorf("%s: another seed gives the same model", method)
		}
	}
}

func TestEveryBackboneTrains(t *testing.T) {
	torchtest.NoLeak(t)
	for _, name := range Backbones {
		c := tinyConfig(SimCLR)
		c.Backbone, c.Stages, c.BaseSteps, c.Bits = name, 0, 1, 0
		if r := runTiny(t, c, 1); !(r.Base.Loss > 0) {
			t.Errorf("%s: loss %v", name, r.Base.Loss)
		}
	}
}

func TestLabelsExtendTheStageBefore(t *testing.T) {
	torchtest.NoLeak(t)
	r := runTiny(t, tinyConfig(SimCLR), 1)
	for row, label := range r.Labels[1].ByRow {
		if label/3 != r.Labels[0].ByRow[row] {
			t.Fatalf("row %d has label %d after %d", row, label, r.Labels[0].ByRow[row])
		}
	}
}

func TestViewsOfAPicture(t *testing.T) {
	set := stripes(1, 3)
	picture, view := set.Picture(0), make([]uint8, set.Bytes())
	Augment{MinScale: 1}.View(view, picture, set.Size, rand.New(rand.NewPCG(1, 0)))
	if !slices.Equal(view, picture) {
		t.Error("without augmentation the view is another picture")
	}
	Augment{MinScale: 1, Gray: 1}.View(view, picture, set.Size, rand.New(rand.NewPCG(1, 0)))
	if plane := len(view) / 3; !slices.Equal(view[:plane], view[plane:2*plane]) {
		t.Error("a grey view has colours")
	}
	for seed := range uint64(200) {
		x, y, w, h := DefaultAugment().crop(32, rand.New(rand.NewPCG(seed, 0)))
		if ratio := float64(w) / float64(h); x < 0 || y < 0 || x+w > 32 || y+h > 32 || w*h < 60 || ratio < .6 || ratio > 1.6 {
			t.Fatalf("seed %d: the crop is %d x %d at %d, %d", seed, w, h, x, y)
		}
	}
}

// The hue of red turned by a third of the circle is green; saturation and value stay.
func TestTurningTheHue(t *testing.T) {
	v := []uint8{200, 50, 50}
	turnHue(v, 1, 1./3)
	if !slices.Equal(v, []uint8{50, 200, 50}) {
		t.Errorf("red became %v", v)
	}
	turnHue(v, 1, -1./3)
	if !slices.Equal(v, []uint8{200, 50, 50}) {
		t.Errorf("and then %v", v)
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		change func(c *Config)
		want   string
	}{
		{func(c *Config) { c.Method = "byol" }, "--method"},
		{func(c *Config) { c.Clusters = 1000 }, "--clusters"},
		{func(c *Config) { c.Train.Groups = 5 }, "--groups"},
		{func(c *Config) { c.Tau = 0 }, "--tau"},
		{func(c *Config) { c.Method, c.Queue = MoCo, 8 }, "--queue"},
		{func(c *Config) { c.Bits, c.Backbone = 3, "vit" }, "vit"},
		{func(c *Config) { c.Augment.MinScale = 0 }, "--min-scale"},
	} {
		config := tinyConfig(SimCLR)
		c.change(&config)
		if _, err := New(config, stripes(96, 1), stripes(20, 2), torch.CPU, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want a complaint with %q", err, c.want)
		}
	}
}

func TestAnExperimentEndsWithItsContext(t *testing.T) {
	torchtest.NoLeak(t)
	ctx, cancel := context.WithCancel(t.Context())
	e, err := New(tinyConfig(SimCLR), stripes(96, 1), stripes(20, 2), torch.CPU, 1)
	if err != nil {
		t.Fatal(err)
	}
	e.Progress = func(_ string, step, _ int, _ float64) {
		if step == 2 {
			cancel()
		}
	}
	if _, err := e.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was canceled", err)
	}
}
