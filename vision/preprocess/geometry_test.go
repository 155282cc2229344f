package preprocess

import (
	"math"
	"testing"
)

// recorded gives back numbers that were drawn elsewhere.
type recorded struct {
	t       *testing.T
	numbers []float64
}

func (r *recorded) next() float64 {
	v := r.numbers[0]
	r.numbers = r.numbers[1:]
	return v
}

func (r *recorded) uniform(low, high float64) float64 {
	v := r.next()
	if v < low-1e-6 || v > high+1e-6 {
		r.t.Errorf("%v is not within %v..%v", v, low, high)
	}
	return v
}

func (r *recorded) below(n int) int {
	v := int(r.next())
	if v < 0 || v >= n {
		r.t.Errorf("%d is not below %d", v, n)
	}
	return v
}

func TestRandomBoxEqualsTorchvision(t *testing.T) {
	g := readGolden(t)
	sizes, drawn, boxes := g.int32s("crops.size"), g.floats("crops.drawn", 8), g.int32s("crops.box")
	const each = 22
	for i := 0; i*2 < len(sizes); i++ {
		img := size{sizes[2*i], sizes[2*i+1]}
		got := randomBox(img, 0.9, &recorded{t, drawn[i*each : (i+1)*each]})
		if want := (rect{boxes[4*i], boxes[4*i+1], boxes[4*i+2], boxes[4*i+3]}); got != want {
			t.Errorf("%v: got %v, want %v", img, got, want)
		}
	}
}

func TestRandomBoxIsInRange(t *testing.T) {
	img := size{640, 480}
	corners := map[[2]int]bool{}
	for seed := range uint64(500) {
		b := randomBox(img, 0.9, newDraws(seed))
		if b.x < 0 || b.y < 0 || b.x+b.w > img.w || b.y+b.h > img.h {
			t.Fatalf("seed %d: %v is not within the image", seed, b)
		}
		if share := float64(b.w*b.h) / float64(img.w*img.h); share < 0.895 || share > 1.005 {
			t.Fatalf("seed %d: %v has %.3f of the area", seed, b, share)
		}
		if aspect := float64(b.w) / float64(b.h); aspect < 0.745 || aspect > 1.34 {
			t.Fatalf("seed %d: %v has aspect %.3f", seed, b, aspect)
		}
		corners[[2]int{b.x, b.y}] = true
	}
	if len(corners) < 100 {
		t.Errorf("only %d different corners", len(corners))
	}
}

func TestTableEqualsTorchvision(t *testing.T) {
	g := readGolden(t)
	want := g.floats("table", 4)
	c := DefaultConfig(2)
	table := c.Table()
	for i, v := range want {
		if got := table[i/256][i%256]; math.Float32bits(got) != math.Float32bits(float32(v)) {
			t.Errorf("channel %d, value %d: got %v, want %v", i/256, i%256, got, v)
		}
	}
	values := make([]float32, 24)
	pixels := make([]uint8, 24) // [2, 3, 2, 2]
	pixels[4], pixels[12+11] = 200, 7
	if err := c.Normalize(values, pixels); err != nil {
		t.Fatal(err)
	}
	if values[0] != table[0][0] || values[4] != table[1][200] || values[23] != table[2][7] {
		t.Errorf("got %v", values)
	}
	if c.Normalize(values[:12], pixels) == nil || c.Normalize(values[:10], pixels[:10]) == nil {
		t.Error("wrong shapes are accepted")
	}
}
