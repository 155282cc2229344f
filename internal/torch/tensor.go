package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// DType is libtorch's scalar type.
type DType int32

// The element types in use, with libtorch's numbers.
const (
	Uint8    DType = 0
	Int64    DType = 4
	Float16  DType = 5
	Float32  DType = 6
	Float64  DType = 7
	Bool     DType = 11
	BFloat16 DType = 15
)

var elementSize = map[DType]int{Uint8: 1, Int64: 8, Float16: 2, Float32: 4, Float64: 8, Bool: 1, BFloat16: 2}

// Size is the number of bytes of an element, 0 for a type this package does not know.
func (d DType) Size() int { return elementSize[d] }

// Device is -1 for the CPU, else the index of a CUDA device.
type Device int32

// CPU is the host.
const CPU Device = -1

// Tensor is a handle of a libtorch tensor. Its scope frees it; a tensor without a scope (a parameter) is freed by Free.
type Tensor struct {
	handle libtch.Ctensor
	scope  *Scope
}

// wrap gives a new handle to the scope of the first scoped input.
func wrap(op string, handle libtch.Ctensor, inputs ...*Tensor) *Tensor {
	if handle == nil {
		fail(op, lastError(), inputs)
	}
	live.Add(1)
	t := &Tensor{handle: handle}
	for _, input := range inputs {
		if input != nil && input.scope != nil {
			return input.scope.adopt(t)
		}
	}
	t.Free()
	fail(op, "no input belongs to a scope; bring a parameter in with In", inputs)
	return nil
}

// Free drops the handle now. Freeing twice, or freeing nil, does nothing.
func (t *Tensor) Free() {
	if t == nil || t.handle == nil {
		return
	}
	libtch.AtFree(t.handle)
	t.handle = nil
	live.Add(-1)
}

// In returns the same tensor as a member of scope, so that operations on parameters alone have an owner.
func (t *Tensor) In(scope *Scope) *Tensor {
	handle := libtch.AtShallowClone(t.handle)
	if handle == nil {
		fail("in", lastError(), []*Tensor{t})
	}
	live.Add(1)
	return scope.adopt(&Tensor{handle: handle})
}

// Scope returns the scope that the tensor belongs to, nil for a parameter.
func (t *Tensor) Scope() *Scope { return t.scope }

// Keep takes the tensor out of its scope; the caller frees it.
func (t *Tensor) Keep() *Tensor {
	t.scope = nil
	return t
}

// Moved frees a tensor without a scope and returns its copy on a device, again without a scope.
func (t *Tensor) Moved(device Device) *Tensor {
	if t.Device() == device {
		return t
	}
	scope := NewScope()
	defer scope.Close()
	moved := t.In(scope).To(device, t.DType()).Keep()
	t.Free()
	return moved
}

// Shape returns the sizes of the axes.
func (t *Tensor) Shape() []int64 {
	shape := make([]int64, libtch.AtDim(t.handle))
	if len(shape) > 0 {
		libtch.AtShape(t.handle, unsafe.Pointer(&shape[0]))
	}
	return shape
}

// Len is the number of elements.
func (t *Tensor) Len() int {
	n := int64(1)
	for _, size := range t.Shape() {
		n *= size
	}
	return int(n)
}

// DType returns the element type.
func (t *Tensor) DType() DType { return DType(libtch.AtScalarType(t.handle)) }

// Device returns where the elements lie.
func (t *Tensor) Device() Device { return Device(C.mcl_device(C.mcl_tensor(t.handle))) }

// Check panics unless the shape is want; -1 stands for any size.
func (t *Tensor) Check(name string, want ...int64) {
	got := t.Shape()
	equal := slices.EqualFunc(got, want, func(g, w int64) bool { return w == -1 || g == w })
	if !equal {
		panic(&Error{Op: name, Text: fmt.Sprintf("shape is %v, want %v", got, want)})
	}
}

// FromBytes copies raw elements (little endian, row by row) into a new CPU tensor of scope; a nil scope makes a parameter.
func FromBytes(scope *Scope, data []byte, dtype DType, shape ...int64) *Tensor {
	return Upload(scope, CPU, data, dtype, shape...)
}

// Upload copies raw elements into a new tensor on a device; data may change when it returns. A GPU gets them in the order of what it
// was told to do, and nobody waits for it.
func Upload(scope *Scope, device Device, data []byte, dtype DType, shape ...int64) *Tensor {
	n := int64(dtype.Size())
	for _, size := range shape {
		n *= size
	}
	if n != int64(len(data)) {
		panic(&Error{Op: "from bytes", Text: fmt.Sprintf("%v elements of %d bytes do not fill %d bytes", shape, dtype.Size(), len(data))})
	}
	var out C.mcl_tensor
	check("from bytes", unsafe.Pointer(C.mcl_from_bytes(&out, unsafe.Pointer(unsafe.SliceData(data)), (*C.int64_t)(unsafe.SliceData(shape)), C.int(len(shape)), C.int(dtype), C.int(device))))
	live.Add(1)
	t := &Tensor{handle: libtch.Ctensor(out)}
	if scope != nil {
		scope.adopt(t)
	}
	return t
}

// Normalized returns 8-bit images [n, 3, S, S] on the CPU as (v/255 - mean) / std of each channel, computed in float32 in this
// order.
func Normalized(scope *Scope, images []uint8, size int64, mean, std [3]float32) *Tensor {
	n := int64(len(images)) / (3 * size * size)
	if n == 0 || n*3*size*size != int64(len(images)) {
		panic(&Error{Op: "normalize", Text: fmt.Sprintf("%d bytes are not images of 3 x %d x %d", len(images), size, size)})
	}
	var out C.mcl_tensor
	check("normalize", unsafe.Pointer(C.mcl_normalize(&out, (*C.uint8_t)(unsafe.SliceData(images)), C.int64_t(n), C.int64_t(size*size), (*C.float)(&mean[0]), (*C.float)(&std[0]))))
	live.Add(1)
	return scope.adopt(&Tensor{handle: libtch.Ctensor(out)}).Reshape(n, 3, size, size)
}

// FromFloats copies values into a new float32 CPU tensor.
func FromFloats(scope *Scope, values []float32, shape ...int64) *Tensor {
	return FromBytes(scope, bytesOf(values), Float32, shape...)
}

// FromInts copies values into a new int64 CPU tensor.
func FromInts(scope *Scope, values []int64, shape ...int64) *Tensor {
	return FromBytes(scope, bytesOf(values), Int64, shape...)
}

// UploadInts copies values into a new int64 tensor on a device, as Upload does.
func UploadInts(scope *Scope, device Device, values []int64, shape ...int64) *Tensor {
	return Upload(scope, device, bytesOf(values), Int64, shape...)
}

// Bytes copies the elements to the host, row by row.
func (t *Tensor) Bytes() []byte {
	out := make([]byte, t.Len()*t.DType().Size())
	check("bytes", unsafe.Pointer(C.mcl_to_bytes(C.mcl_tensor(t.handle), unsafe.Pointer(unsafe.SliceData(out)), C.size_t(len(out)))), t)
	return out
}

// SetBytes overwrites the elements with raw ones of the same type (little endian, row by row).
func (t *Tensor) SetBytes(data []byte) {
	check("set bytes", unsafe.Pointer(C.mcl_write_bytes(C.mcl_tensor(t.handle), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)))), t)
}

// Memory is the memory of the elements (little endian, row by row) of a tensor that lies on the CPU in one piece, else nil. It must
// not be used after the tensor was freed, and not be written while a graph needs the elements.
func (t *Tensor) Memory() []byte {
	if t.Device() != CPU || !libtch.AtIsContiguous(t.handle) || t.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(libtch.AtDataPtr(t.handle)), t.Len()*t.DType().Size())
}

// Copy returns a copy of the tensor's elements, without a graph, as a member of scope.
func (t *Tensor) Copy(scope *Scope) *Tensor {
	var out libtch.Ctensor
	libtch.AtgDetachCopy(&out, t.handle)
	return fresh("copy", scope, out)
}

// Set overwrites the elements with those of a tensor of the same shape.
func (t *Tensor) Set(from *Tensor) {
	NoGrad(func() { libtch.AtCopy_(t.handle, from.handle) })
	if text := takeError(); text != "" {
		fail("set", text, []*Tensor{t, from})
	}
}

// Floats copies the elements of a float32 tensor to the host, row by row.
func (t *Tensor) Floats() []float32 {
	if t.DType() != Float32 {
		fail("floats", "not a float32 tensor", []*Tensor{t})
	}
	return elements[float32](t)
}

// Ints copies the elements of an int64 tensor to the host, row by row.
func (t *Tensor) Ints() []int64 {
	if t.DType() != Int64 {
		fail("ints", "not an int64 tensor", []*Tensor{t})
	}
	return elements[int64](t)
}

func elements[E float32 | int64](t *Tensor) []E {
	out := make([]E, t.Len())
	raw := bytesOf(out)
	check("copy to host", unsafe.Pointer(C.mcl_to_bytes(C.mcl_tensor(t.handle), unsafe.Pointer(unsafe.SliceData(raw)), C.size_t(len(raw)))), t)
	return out
}

func bytesOf[E float32 | int64](values []E) []byte {
	var e E
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(e)))
}

// Item returns the value of a tensor of one element. On a GPU it waits for it.
func (t *Tensor) Item() float64 {
	var out C.double
	check("item", unsafe.Pointer(C.mcl_item(C.mcl_tensor(t.handle), &out)), t)
	return float64(out)
}
