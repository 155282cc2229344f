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

// exponents are the bits of an element's exponent, all of which are ones in NaN and infinity, and nowhere else.
var exponents = map[string]uint64{"F32": 0x7f800000, "BF16": 0x7f80, "F16": 0x7c00}

// finite tells whether all elements are numbers, else at which the first is that is not.
func finite(data []byte, dtype string) (at int, ok bool) {
	width, mask := safetensors.Width(dtype), exponents[dtype]
	if mask == 0 {
		return 0, true // whole numbers
	}
	const block = 4 << 10
	for from := 0; from < len(data); from += block {
		part := data[from:min(from+block, len(data))]
		if !allFinite(part, mask, width) {
			for i := 0; i < len(part); i += width {
				if !allFinite(part[i:i+width], mask, width) {
					return (from + i) / width, false
				}
			}
		}
	}
	return 0, true
}

// allFinite looks at eight bytes at a time. One at the foot of an exponent of ones carries into the place of the sign, which the mask
// has emptied; from any other exponent nothing comes so far.
func allFinite(data []byte, mask uint64, width int) bool {
	foot := mask & -mask
	for filled := width; filled < 8; filled *= 2 { // an exponent for each element of a word
		mask |= mask << (8 * filled)
		foot |= foot << (8 * filled)
	}
	signs, carried := (mask+foot)&^mask, uint64(0)
	for ; len(data) >= 8; data = data[8:] {
		carried |= binary.LittleEndian.Uint64(data)&mask + foot
	}
	var rest [8]byte
	copy(rest[:], data)
	carried |= binary.LittleEndian.Uint64(rest[:])&mask + foot
	return carried&signs == 0
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
