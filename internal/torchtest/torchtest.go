// Package torchtest holds what tests of tensor code share: a leak check, comparison with a tolerance, and access to the
// golden files that PyTorch wrote.
package torchtest

import (
	"math"
	"runtime"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torch"
)

// NoLeak locks the test to its thread, as libtorch needs, gives operations one thread, and fails it if tensor handles are left at its end.
func NoLeak(t testing.TB) {
	t.Helper()
	runtime.LockOSThread()
	torch.SetThreads(1) // tests are small, and several packages run at once
	before := torch.Live()
	t.Cleanup(func() {
		runtime.UnlockOSThread()
		if left := torch.Live() - before; left != 0 {
			t.Errorf("%d tensor handles are left", left)
		}
	})
}

// MaxDiff returns the largest absolute difference of two slices, +Inf where the lengths differ or a value is NaN.
func MaxDiff(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	most := 0.0
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		most = max(most, d)
	}
	return most
}

// RelDiff returns MaxDiff over the largest magnitude in want.
func RelDiff(got, want []float32) float64 {
	scale := 0.0
	for _, w := range want {
		scale = max(scale, math.Abs(float64(w)))
	}
	if scale == 0 {
		scale = 1
	}
	return MaxDiff(got, want) / scale
}

// NoiseBytes makes the 8-bit pixels that the reference scripts make by the same hash of the place (lowbias32 of Chris
// Wellons), so that large inputs need no file.
func NoiseBytes(seed, count int) []uint8 {
	values := make([]uint8, count)
	for i := range values {
		h := uint32(i) + uint32(seed)*1_000_003
		h ^= h >> 16
		h *= 0x7feb352d
		h ^= h >> 15
		h *= 0x846ca68b
		h ^= h >> 16
		values[i] = uint8(h >> 24)
	}
	return values
}

// Noise is NoiseBytes normalised with mean 0.5 and standard deviation 0.25.
func Noise(scope *torch.Scope, seed int, shape ...int64) *torch.Tensor {
	count := int64(1)
	for _, size := range shape {
		count *= size
	}
	values := make([]float32, count)
	for i, v := range NoiseBytes(seed, int(count)) {
		values[i] = (float32(v)/255 - 0.5) / 0.25
	}
	return torch.FromFloats(scope, values, shape...)
}

// Golden is a file of tensors that the reference implementation wrote.
type Golden struct {
	t    testing.TB
	file *safetensors.File
}

// Open opens a golden file; the test ends if that fails.
func Open(t testing.TB, path string) *Golden {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &Golden{t: t, file: file}
}

// Names lists the tensors of the file.
func (g *Golden) Names() []string { return g.file.Names() }

// Metadata returns a value of the file's metadata, "" if there is none under key.
func (g *Golden) Metadata(key string) string { return g.file.Metadata[key] }

// Tensor reads a float32 or int64 tensor into scope (nil: as a parameter).
func (g *Golden) Tensor(scope *torch.Scope, name string) *torch.Tensor {
	g.t.Helper()
	info, ok := g.file.Info(name)
	if !ok {
		g.t.Fatalf("the golden file has no tensor %q; it has %v", name, g.file.Names())
	}
	dtype, ok := map[string]torch.DType{"F32": torch.Float32, "I64": torch.Int64}[info.DType]
	if !ok {
		g.t.Fatalf("golden tensor %q is %s, want F32 or I64", name, info.DType)
	}
	data, err := g.file.Read(name)
	if err != nil {
		g.t.Fatal(err)
	}
	shape := make([]int64, len(info.Shape))
	for i, n := range info.Shape {
		shape[i] = int64(n)
	}
	return torch.FromBytes(scope, data, dtype, shape...)
}

// Floats reads a float32 tensor's elements.
func (g *Golden) Floats(name string) []float32 {
	g.t.Helper()
	scope := torch.NewScope()
	defer scope.Close()
	return g.Tensor(scope, name).Floats()
}
