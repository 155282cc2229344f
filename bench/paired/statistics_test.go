package paired

import (
	"math"
	"testing"
)

// The cases of Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		right, n  int
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0.0000, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		low, high := Wilson(c.right, c.n)
		if math.Abs(low-c.low) > 5e-5 || math.Abs(high-c.high) > 5e-5 {
			t.Errorf("%d of %d: got %.4f to %.4f, want %.4f to %.4f", c.right, c.n, low, high, c.low, c.high)
		}
	}
	if low, high := Wilson(0, 0); low != 0 || high != 1 {
		t.Errorf("0 of 0: got %v to %v, want 0 to 1", low, high)
	}
}

// The tails are counted by hand: sums of binomial coefficients over a power of two.
func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		first, second int
		want          float64
	}{
		{0, 0, 1},
		{4, 4, 1},
		{0, 5, 2.0 / 32},
		{5, 0, 2.0 / 32},
		{1, 9, 2.0 * (1 + 10) / 1024},
		{12, 3, 2.0 * (1 + 15 + 105 + 455) / 32768},
	} {
		if got := McNemar(c.first, c.second); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d against %d: got %v, want %v", c.first, c.second, got, c.want)
		}
	}
}
