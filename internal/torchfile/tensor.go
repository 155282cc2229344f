package torchfile

import (
	"fmt"
	"io"
	"slices"

	"github.com/mclclip/mclclip/internal/safetensors"
)

// storage is a run of elements in the file.
type storage struct {
	dtype    string // as safetensors calls it
	elements int64
	begin    int64        // of the first byte, from the start of the file
	check    func() error // compares the bytes with their checksum, once
}

// tensor is a view of a storage.
type tensor struct {
	storage *storage
	offset  int64 // of the first element, in elements
	shape   []int64
	stride  []int64 // elements from one index of an axis to the next
}

// newTensor checks that the view lies in its storage and repeats no element: a small file must not describe a large tensor.
func newTensor(s *storage, offset int64, shape, stride []int64) (*tensor, error) {
	if len(shape) != len(stride) {
		return nil, fmt.Errorf("%d axes with %d strides", len(shape), len(stride))
	}
	t := &tensor{storage: s, offset: offset, shape: shape, stride: stride}
	if offset < 0 || slices.ContainsFunc(slices.Concat(shape, stride), func(n int64) bool { return n < 0 }) {
		return nil, fmt.Errorf("shape %v, strides %v and offset %d must not be negative", shape, stride, offset)
	}
	if slices.Contains(shape, 0) {
		return t, nil
	}
	last, count := offset, int64(1)
	for i, n := range shape {
		if n > s.elements/count || n > 1 && stride[i] > s.elements/(n-1) {
			return nil, t.outside()
		}
		count *= n
		last += (n - 1) * stride[i] // at most s.elements an axis
		if last >= s.elements {
			return nil, t.outside()
		}
	}
	if last >= s.elements { // without axes
		return nil, t.outside()
	}
	return t, nil
}

func (t *tensor) outside() error {
	return fmt.Errorf("a tensor of shape %v, strides %v and offset %d does not fit its storage of %d elements", t.shape, t.stride, t.offset, t.storage.elements)
}

func (t *tensor) elements() int64 {
	n := int64(1)
	for _, size := range t.shape {
		n *= size
	}
	return n
}

// contiguous tells whether the elements lie row by row.
func (t *tensor) contiguous() bool {
	next := int64(1)
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.stride[i] != next {
			return t.elements() == 0
		}
		next *= t.shape[i]
	}
	return true
}

// gather brings the elements into memory, row by row.
func (t *tensor) gather(r io.ReaderAt) ([]byte, error) {
	width := int64(safetensors.Width(t.storage.dtype))
	last := int64(0)
	for i, n := range t.shape {
		last += (n - 1) * t.stride[i]
	}
	span := make([]byte, (last+1)*width)
	if n, err := r.ReadAt(span, t.storage.begin+t.offset*width); n < len(span) {
		return nil, err
	}
	out := make([]byte, 0, t.elements()*width)
	index := make([]int64, len(t.shape))
	for at := int64(0); at >= 0; at = t.next(index, at) {
		out = append(out, span[at*width:(at+1)*width]...)
	}
	return out, nil
}

// next moves index to the next element and returns its place, -1 after the last.
func (t *tensor) next(index []int64, at int64) int64 {
	for i := len(index) - 1; i >= 0; i-- {
		index[i]++
		at += t.stride[i]
		if index[i] < t.shape[i] {
			return at
		}
		at -= index[i] * t.stride[i]
		index[i] = 0
	}
	return -1
}
