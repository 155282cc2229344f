package preprocess

import "math"

// precision is the number of fraction bits of a weight in Pillow's 8-bit resampling.
const precision = 22

// A filter is a resampling kernel; support is its half-width in samples.
type filter struct {
	support float64
	weight  func(x float64) float64
}

var filters = map[string]filter{
	"bicubic":  {2, bicubic},
	"bilinear": {1, bilinear},
}

// bicubic is Keys' cubic convolution with a = -1/2, in the order of operations of Pillow's bicubic_filter. The
// conversions keep the compiler from fusing a multiplication with an addition, which would change the last bit.
func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64(float64(float64((a+2)*x)-(a+3))*x)*x) + 1
	case x < 2:
		return float64((float64((float64((x-5)*x)+8)*x) - 4) * a)
	}
	return 0
}

func bilinear(x float64) float64 {
	return max(0, 1-math.Abs(x))
}

// taps are the weights of one axis: output i is the sum over t < count[i] of weights[i*stride+t] * input[first[i]+t].
type taps struct {
	stride               int
	first, count, weight []int32
}

// newTaps gives the weights that resize n samples to m, for the outputs from..from+outputs-1 of the m. It follows
// Pillow's precompute_coeffs and normalize_coeffs_8bpc.
func newTaps(f filter, n, m, from, outputs int) taps {
	scale := float64(n) / float64(m)
	widening := max(scale, 1)
	support := f.support * widening
	t := taps{
		stride: int(math.Ceil(support))*2 + 1,
		first:  make([]int32, outputs),
		count:  make([]int32, outputs),
	}
	t.weight = make([]int32, outputs*t.stride)
	w := make([]float64, t.stride)
	for i := range outputs {
		center := (float64(from+i) + 0.5) * scale
		low := max(int(center-support+0.5), 0)
		high := min(int(center+support+0.5), n)
		t.first[i], t.count[i] = int32(low), int32(high-low)
		fixedPoint(t.weight[i*t.stride:], normalized(f, w[:high-low], float64(low), center, 1/widening))
	}
	return t
}

func normalized(f filter, w []float64, low, center, narrowing float64) []float64 {
	sum := 0.0
	for i := range w {
		w[i] = f.weight((float64(i) + low - center + 0.5) * narrowing)
		sum += w[i]
	}
	if sum != 0 {
		for i := range w {
			w[i] /= sum
		}
	}
	return w
}

func fixedPoint(dst []int32, w []float64) {
	for i, v := range w {
		dst[i] = int32(math.Copysign(0.5, v) + float64(v*(1<<precision)))
	}
}

// shift moves the inputs by offset, for a source that is part of a larger image.
func (t taps) shift(offset int) taps {
	for i := range t.first {
		t.first[i] += int32(offset)
	}
	return t
}
