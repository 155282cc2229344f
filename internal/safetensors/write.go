package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// Write writes the tensors and, unless it is empty, the metadata. As in the reference implementation the bytes go by
// dtype, wide ones first, then by name, so that every tensor is aligned to its element and the same tensors give the same
// file whatever their order; the header is padded with spaces to a multiple of 8 bytes.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	here := slices.Clone(tensors)
	for i := range here {
		if here[i].Data == nil {
			here[i].Data = []byte{} // of an empty tensor, and wrong for any other
		}
	}
	return WriteEach(w, here, metadata, func(t Tensor) ([]byte, error) { return t.Data, nil })
}

// WriteEach is Write for tensors whose bytes need not be in memory together: Data is nil, and data is asked for the
// bytes of one tensor after the other.
func WriteEach(w io.Writer, tensors []Tensor, metadata map[string]string, data func(Tensor) ([]byte, error)) error {
	sorted := slices.Clone(tensors)
	slices.SortStableFunc(sorted, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(rank(b.DType), rank(a.DType)), cmp.Compare(a.Name, b.Name))
	})
	sizes, err := sizesOf(sorted)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	header, err := header(sorted, sizes, metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for i, tensor := range sorted {
		if err := writeOne(w, tensor, sizes[i], data); err != nil {
			return fmt.Errorf("tensor %q: %w", tensor.Name, err)
		}
	}
	return nil
}

func writeOne(w io.Writer, tensor Tensor, size int64, data func(Tensor) ([]byte, error)) error {
	bytes, err := data(tensor)
	if err != nil {
		return err
	}
	if int64(len(bytes)) != size {
		return fmt.Errorf("%s %v takes %d bytes, got %d", tensor.DType, tensor.Shape, size, len(bytes))
	}
	_, err = w.Write(bytes)
	return err
}

// sizesOf returns the sizes in bytes and refuses what the reader would refuse, before the first byte is written.
func sizesOf(tensors []Tensor) ([]int64, error) {
	var faults []error
	sizes, seen := make([]int64, len(tensors)), make(map[string]bool, len(tensors))
	for i, tensor := range tensors {
		var err error
		if sizes[i], err = checkTensor(tensor, seen); err != nil {
			faults = append(faults, fmt.Errorf("tensor %q: %w", tensor.Name, err))
		}
		seen[tensor.Name] = true
	}
	return sizes, joinFaults(faults)
}

func checkTensor(tensor Tensor, seen map[string]bool) (size int64, err error) {
	if seen[tensor.Name] {
		return 0, fmt.Errorf("the name comes twice")
	}
	if !utf8.ValidString(tensor.Name) {
		return 0, fmt.Errorf("the name is not UTF-8")
	}
	if tensor.Name == metadataKey {
		return 0, fmt.Errorf("the name is reserved")
	}
	size, err = byteSize(tensor.DType, tensor.Shape)
	if err == nil && tensor.Data != nil && size != int64(len(tensor.Data)) {
		err = fmt.Errorf("%s %v takes %d bytes, got %d", tensor.DType, tensor.Shape, size, len(tensor.Data))
	}
	return size, err
}

// jsonEntry is a tensor in the header; the fields' order is the reference implementation's.
type jsonEntry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// header returns the length and the JSON, padded.
func header(tensors []Tensor, sizes []int64, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\x00\x00\x00\x00\x00\x00\x00\x00{")
	if len(metadata) > 0 {
		if err := appendMember(&b, metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	offset := int64(0)
	for i, tensor := range tensors {
		end := offset + sizes[i]
		shape := append([]int{}, tensor.Shape...) // nil would become null
		if err := appendMember(&b, tensor.Name, jsonEntry{tensor.DType, shape, [2]int64{offset, end}}); err != nil {
			return nil, err
		}
		offset = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > maxHeader {
		return nil, fmt.Errorf("the header takes %d bytes, at most %d are allowed", b.Len()-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// appendMember appends a key and its value; json.Encoder without HTML escapes writes what serde_json would.
func appendMember(b *bytes.Buffer, key string, value any) error {
	if b.Bytes()[b.Len()-1] != '{' {
		b.WriteByte(',')
	}
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(key); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	b.WriteByte(':')
	if err := encoder.Encode(value); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1)
	return nil
}
