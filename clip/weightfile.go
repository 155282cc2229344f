package clip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torch"
)

// writeTensors writes the parameters and buffers under the names of a naming, one after the other: they are never on the host
// together. The metadata is what the transformers library asks of a file that it is to load.
func (m *Model) writeTensors(path string, names naming) error {
	if len(m.adapters) > 0 {
		return errors.New("a model with low-rank matrices is written after MergeLoRA")
	}
	var tensors []safetensors.Tensor
	read := map[string]func() []byte{}
	for _, p := range m.params {
		at := int64(0)
		for _, part := range names(p) {
			tensors = append(tensors, safetensors.Tensor{Name: part.name, DType: dtypeOf(p), Shape: part.shape})
			from := at
			read[part.name] = func() []byte { return partBytes(p, part, from) }
			at += elements(part.shape)
		}
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		return safetensors.WriteEach(w, tensors, map[string]string{"format": "pt"}, func(t safetensors.Tensor) (data []byte, err error) {
			defer torch.Recover(&err)
			return read[t.Name](), nil
		})
	})
}

// partBytes copies a part of a parameter, from element at on, to the host.
func partBytes(p nn.Param, part part, at int64) []byte {
	scope := torch.NewScope()
	defer scope.Close()
	t := p.Tensor.In(scope)
	if part.transpose {
		return t.Transpose(0, 1).Bytes()
	}
	return t.Reshape(-1).Narrow(0, at, elements(part.shape)).Bytes()
}

// exponents masks the exponent in the upper two bytes of an element; it is all ones in NaN and infinity.
var exponents = map[string]uint16{"F32": 0x7f80, "BF16": 0x7f80, "F16": 0x7c00}

// finite tells whether all elements are numbers, else at which the first is that is not.
func finite(data []byte, dtype string) (at int, ok bool) {
	width, mask := safetensors.Width(dtype), exponents[dtype]
	if mask == 0 {
		return 0, true // whole numbers
	}
	for i := width; i <= len(data); i += width {
		if binary.LittleEndian.Uint16(data[i-2:])&mask == mask {
			return i/width - 1, false
		}
	}
	return 0, true
}

// match sorts weights by name and checks that they are exactly the model's.
func (m *Model) match(weights []safetensors.Tensor) (map[string]safetensors.Tensor, error) {
	byName := make(map[string]safetensors.Tensor, len(weights))
	extra := make(map[string]bool, len(weights))
	for _, w := range weights {
		byName[w.Name], extra[w.Name] = w, true
	}
	var faults []string
	for _, p := range m.all() {
		w, ok := byName[p.Name]
		if !ok {
			faults = append(faults, fmt.Sprintf("missing: %s %v", p.Name, p.Shape))
		} else if w.DType != dtypeOf(p) || !slices.Equal(w.Shape, shapeOf(p)) {
			faults = append(faults, fmt.Sprintf("%s is %s %v, want %s %v", p.Name, w.DType, w.Shape, dtypeOf(p), p.Shape))
		}
		delete(extra, p.Name)
	}
	for name := range extra {
		faults = append(faults, "not wanted: "+name)
	}
	if len(faults) > 0 {
		slices.Sort(faults)
		return nil, fmt.Errorf("weights of another model: %s", strings.Join(faults, "; "))
	}
	return byName, nil
}
