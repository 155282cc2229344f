package embedding

import (
	"math"
	"testing"
)

// halfValue is the value of float16 bits by their definition.
func halfValue(bits uint16) float64 {
	sign, exponent, fraction := 1.0, int(bits>>10&31), float64(bits&1023)
	if bits>>15 == 1 {
		sign = -1
	}
	if exponent == 0 {
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// Every float16 is itself; half way to the next it goes to the even of the two, and on either side to the nearer one.
func TestFloat16RoundsToNearestEven(t *testing.T) {
	const largest = 0x7bff
	for bits := uint16(0); bits <= largest; bits++ {
		here := halfValue(bits)
		next := 65536.0 // where the one after the largest would be
		if bits < largest {
			next = halfValue(bits + 1)
		}
		half := float32((here + next) / 2) // exact: 12 significant bits
		even := bits + bits&1
		for _, c := range []struct {
			x    float32
			want uint16
		}{
			{float32(here), bits},
			{half, even},
			{math.Nextafter32(half, 0), bits},
			{math.Nextafter32(half, math.MaxFloat32), bits + 1},
		} {
			if got := toFloat16(c.x); got != c.want {
				t.Fatalf("%g: got %#04x, want %#04x", c.x, got, c.want)
			}
			if got := toFloat16(-c.x); got != c.want|0x8000 {
				t.Fatalf("%g: got %#04x, want %#04x", -c.x, got, c.want|0x8000)
			}
		}
	}
}

func TestFloat16OfSpecialNumbers(t *testing.T) {
	for _, c := range []struct {
		x    float32
		want uint16
	}{
		{1, 0x3c00}, {-2, 0xc000}, {65504, 0x7bff}, {0.333251953125, 0x3555}, {5.9604645e-8, 1}, // from the format's tables
		{0, 0}, {float32(math.Copysign(0, -1)), 0x8000}, {1e-30, 0}, {65519.996, 0x7bff}, {65520, halfInf}, {math.MaxFloat32, halfInf},
		{float32(math.Inf(1)), halfInf}, {float32(math.Inf(-1)), 0xfc00},
	} {
		if got := toFloat16(c.x); got != c.want {
			t.Errorf("%g: got %#04x, want %#04x", c.x, got, c.want)
		}
	}
	if got := toFloat16(float32(math.NaN())); got&halfInf != halfInf || got&0x3ff == 0 {
		t.Errorf("NaN: got %#04x", got)
	}
}
