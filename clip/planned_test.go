package clip

import (
	"fmt"
	"io"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/safetensors"
)

// planned is a source of weights without values.
type planned struct {
	params []nn.Param
	naming naming
}

func (p planned) parts(visit func(p nn.Param, part part)) {
	for _, param := range p.params {
		for _, part := range p.naming(param) {
			visit(param, part)
		}
	}
}

func (p planned) Names() (names []string) {
	p.parts(func(_ nn.Param, part part) { names = append(names, part.name) })
	return names
}

func (p planned) Info(name string) (info safetensors.Info, ok bool) {
	p.parts(func(param nn.Param, part part) {
		if part.name == name {
			info, ok = safetensors.Info{DType: dtypeOf(param), Shape: part.shape}, true
		}
	})
	return info, ok
}

func (p planned) Section(name string) (*io.SectionReader, error) {
	return nil, fmt.Errorf("%s has no values", name)
}

func (p planned) Close() error { return nil }
