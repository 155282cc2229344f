package clip

import (
	"fmt"
	"io"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/safetensors"
)

// planned is a source of weights without values.
type planned struct{ params []nn.Param }

func (p planned) Names() (names []string) {
	for _, param := range p.params {
		names = append(names, param.Name)
	}
	return names
}

func (p planned) Info(name string) (safetensors.Info, bool) {
	for _, param := range p.params {
		if param.Name == name {
			return safetensors.Info{DType: dtypeOf(param), Shape: shapeOf(param)}, true
		}
	}
	return safetensors.Info{}, false
}

func (p planned) Section(name string) (*io.SectionReader, error) {
	return nil, fmt.Errorf("%s has no values", name)
}

func (p planned) Close() error { return nil }
