package preprocess

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func resample(t *testing.T, pl placement, img size, pixels []byte, s int, horizontalFirst, simd bool) []byte {
	t.Helper()
	r, err := newResampler(pl, filters["bicubic"], s, horizontalFirst, simd)
	if err != nil {
		t.Fatal(err)
	}
	defer r.free()
	dst := make([]byte, 3*s*s)
	r.image(dst, pixels, img)
	if !r.complete() {
		t.Fatalf("rows are missing for %+v of %+v", pl, img)
	}
	return dst
}

// Widths around multiples of the vector sizes, both orders of passes, boxes and pads.
func TestScalarEqualsAVX2(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		img := size{1 + rng.IntN(90), 1 + rng.IntN(90)}
		pixels := newPixels(img)
		for i := range pixels {
			pixels[i] = byte(rng.UintN(2) * 255) // the largest overshoot
		}
		s := 1 + rng.IntN(40)
		box := randomBox(img, 0.9, newDraws(rng.Uint64()))
		for _, pl := range []placement{trainPlacement(box, s), evalPlacement(img, "shortest", s), evalPlacement(img, "longest", s)} {
			if pl.crop.w < 1 || pl.crop.h < 1 {
				continue
			}
			for _, horizontalFirst := range []bool{true, false} {
				scalar := resample(t, pl, img, pixels, s, horizontalFirst, false)
				vector := resample(t, pl, img, pixels, s, horizontalFirst, true)
				if !bytes.Equal(scalar, vector) {
					t.Fatalf("image %v, side %d, %+v: results differ", img, s, pl)
				}
			}
		}
	}
}

// Against the definition, in one go and without streams, vectors or fixed point tricks.
func TestResampleIsTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	img, s := size{37, 29}, 16
	pixels := newPixels(img)
	for i := range pixels {
		pixels[i] = byte(rng.UintN(256))
	}
	pl := trainPlacement(rect{3, 2, 31, 25}, s)
	got := resample(t, pl, img, pixels, s, true, true)
	x, y := newTaps(filters["bicubic"], 31, s, 0, s), newTaps(filters["bicubic"], 25, s, 0, s)
	for c := range 3 {
		for i := range s * s {
			row := func(sy int) int {
				return x.sum(i%s, func(sx int) int { return int(pixels[4*((sy+2)*img.w+sx+3)+c]) })
			}
			if want := y.sum(i/s, row); int(got[c*s*s+i]) != want {
				t.Fatalf("channel %d, pixel %d: got %d, want %d", c, i, got[c*s*s+i], want)
			}
		}
	}
}

func (t taps) sum(i int, at func(int) int) int {
	sum := 1 << (precision - 1)
	for n := range int(t.count[i]) {
		sum += int(t.weight[i*t.stride+n]) * at(int(t.first[i])+n)
	}
	return min(max(sum>>precision, 0), 255)
}

// A kernel that does not change a constant, and does not change anything at scale 1.
func TestTapsSumToOne(t *testing.T) {
	for name, f := range filters {
		for _, c := range [][2]int{{100, 24}, {24, 100}, {7, 7}, {1, 5}, {5, 1}} {
			p := newTaps(f, c[0], c[1], 0, c[1])
			for i := range c[1] {
				sum := 0
				for _, w := range p.weight[i*p.stride:][:p.count[i]] {
					sum += int(w)
				}
				if off := sum - 1<<precision; off < -p.stride || off > p.stride {
					t.Errorf("%s %v: output %d: weights sum to %d", name, c, i, sum)
				}
			}
		}
		same := newTaps(f, 7, 7, 0, 7)
		for i := range 7 {
			if got := same.sum(i, func(j int) int { return 10 * j }); got != 10*i {
				t.Errorf("%s: scale 1 made %d of %d", name, got, 10*i)
			}
		}
	}
}
