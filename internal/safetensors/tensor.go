package safetensors

import (
	"fmt"
	"math"
)

// Tensor is a tensor with its bytes.
type Tensor struct {
	Name  string
	DType string // F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3 or F8_E5M2
	Shape []int  // empty for a scalar
	Data  []byte // little-endian, row-major
}

// Info says what a file holds under a name.
type Info struct {
	DType  string
	Shape  []int
	Offset int64 // of the first byte, from the start of the file
	Size   int64 // in bytes
}

// metadataKey is the one key of the header that is not a tensor.
const metadataKey = "__metadata__"

// dtypes lists what this package knows with the element size in bytes, in the order in which the reference implementation
// sorts them (last first): that keeps every tensor aligned to its element.
var dtypes = []struct {
	name  string
	width int64
}{
	{"BOOL", 1}, {"U8", 1}, {"I8", 1}, {"F8_E5M2", 1}, {"F8_E4M3", 1},
	{"I16", 2}, {"U16", 2}, {"F16", 2}, {"BF16", 2},
	{"I32", 4}, {"U32", 4}, {"F32", 4},
	{"F64", 8}, {"I64", 8}, {"U64", 8},
}

// rank returns the place of dtype in dtypes, or -1.
func rank(dtype string) int {
	for i := range dtypes {
		if dtypes[i].name == dtype {
			return i
		}
	}
	return -1
}

// Width returns the size in bytes of one element of dtype, or 0 for a dtype that this package does not know.
func Width(dtype string) int {
	if i := rank(dtype); i >= 0 {
		return int(dtypes[i].width)
	}
	return 0
}

// byteSize returns how many bytes a tensor of this dtype and shape takes.
func byteSize(dtype string, shape []int) (int64, error) {
	size := int64(Width(dtype))
	if size == 0 {
		return 0, fmt.Errorf("dtype %q is unknown", dtype)
	}
	for _, n := range shape {
		if n < 0 {
			return 0, fmt.Errorf("shape %v has a negative axis", shape)
		}
		if n > 0 && size > math.MaxInt64/int64(n) {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		size *= int64(n)
	}
	return size, nil
}
