// Package golden reads the files that testdata/reference/*.py wrote, for tests of packages that know no tensors.
package golden

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
)

// File is an open golden file; it is closed with the test.
type File struct {
	t    testing.TB
	file *safetensors.File
}

// Open opens a golden file.
func Open(t testing.TB, path string) *File {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &File{t, file}
}

// Flat returns the numbers of a tensor, of whatever type, as float64.
func (f *File) Flat(name string) []float64 {
	f.t.Helper()
	info, _ := f.file.Info(name)
	data, err := f.file.Read(name)
	if err != nil {
		f.t.Fatal(err)
	}
	numbers := make([]float64, 0, len(data))
	for part := range slices.Chunk(data, max(1, safetensors.Width(info.DType))) {
		x, err := number(info.DType, part)
		if err != nil {
			f.t.Fatalf("%s: %v", name, err)
		}
		numbers = append(numbers, x)
	}
	return numbers
}

func number(dtype string, data []byte) (float64, error) {
	switch dtype {
	case "F64":
		return math.Float64frombits(binary.LittleEndian.Uint64(data)), nil
	case "F32":
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(data))), nil
	case "I64":
		return float64(int64(binary.LittleEndian.Uint64(data))), nil
	case "U8":
		return float64(data[0]), nil
	}
	return 0, fmt.Errorf("numbers of type %s are not read", dtype)
}

// Ints returns the numbers of a tensor of integers.
func (f *File) Ints(name string) []int {
	f.t.Helper()
	var ints []int
	for _, x := range f.Flat(name) {
		ints = append(ints, int(x))
	}
	return ints
}

// Rows returns a tensor [..., D] as rows [n, D].
func (f *File) Rows(name string) [][]float32 {
	f.t.Helper()
	info, _ := f.file.Info(name)
	var flat []float32
	for _, x := range f.Flat(name) {
		flat = append(flat, float32(x))
	}
	return slices.Collect(slices.Chunk(flat, info.Shape[len(info.Shape)-1]))
}

// Text returns a tensor of bytes as text.
func (f *File) Text(name string) string {
	f.t.Helper()
	var text []byte
	for _, x := range f.Flat(name) {
		text = append(text, byte(x))
	}
	return string(text)
}
