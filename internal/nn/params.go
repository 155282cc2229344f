package nn

import (
	"slices"

	"github.com/mclclip/mclclip/internal/torch"
)

// Param is one parameter of a model.
type Param struct {
	Name   string // in open_clip's state_dict
	Shape  []int64
	Init   Init          // its values in a new model
	Tensor *torch.Tensor // nil where the model is only a plan
}

// Source gives a parameter its tensor, which belongs to no scope. Of the Param it must not use Tensor.
type Source func(p Param) *torch.Tensor

// Fresh is the source of a new model. It draws from libtorch's generator on the CPU and then moves the values, so that a
// seed gives the same weights on every device.
func Fresh(device torch.Device) Source {
	return func(p Param) *torch.Tensor {
		t := torch.Zeros(nil, torch.CPU, torch.Float32, p.Shape...)
		p.Init(t)
		return t.Moved(device)
	}
}

// Free frees the parameters' tensors.
func Free(params []Param) {
	for _, p := range params {
		if p.Tensor != nil {
			p.Tensor.Free()
		}
	}
}

// Builder makes the parameters of a model, or of the part of it whose names share a prefix.
type Builder struct {
	prefix string
	source Source
	params *[]Param
}

// NewBuilder returns the builder of a whole model. A nil source makes no tensors: the model is then a plan, good for the
// names and shapes of its parameters only.
func NewBuilder(source Source) *Builder {
	return &Builder{source: source, params: new([]Param)}
}

// Sub returns the builder of the part under name.
func (b *Builder) Sub(name string) *Builder {
	return &Builder{prefix: b.prefix + name + ".", source: b.source, params: b.params}
}

// Param makes a parameter.
func (b *Builder) Param(name string, init Init, shape ...int64) *torch.Tensor {
	p := Param{Name: b.prefix + name, Shape: shape, Init: init}
	if b.source != nil {
		p.Tensor = b.source(p)
	}
	*b.params = append(*b.params, p)
	return p.Tensor
}

// Params returns what was made so far by this builder, its parts and its parents, in the order of making.
func (b *Builder) Params() []Param { return slices.Clone(*b.params) }
