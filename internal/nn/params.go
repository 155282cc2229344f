package nn

import (
	"slices"

	"github.com/mclclip/mclclip/internal/torch"
)

// Param is one parameter of a model, or a buffer: a tensor that is saved and loaded with the parameters and that no
// gradient reaches.
type Param struct {
	Name   string // in open_clip's state_dict
	Shape  []int64
	DType  torch.DType // Float32 but for buffers that count
	Buffer bool
	Init   Init          // its values in a new model
	Tensor *torch.Tensor // nil where the model is only a plan
}

// Source gives a parameter its tensor, which belongs to no scope.
type Source func(p Param) (*torch.Tensor, error)

// Fresh is the source of a new model. It draws from libtorch's generator on the CPU and then moves the values, so that a
// seed gives the same weights on every device.
func Fresh(device torch.Device) Source {
	return func(p Param) (*torch.Tensor, error) {
		t := torch.Zeros(nil, torch.CPU, p.DType, p.Shape...)
		p.Init(t)
		return t.Moved(device), nil
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
	*made
}

// made is what the builders of one model share.
type made struct {
	source Source
	params []Param
	err    error
}

// NewBuilder returns the builder of a whole model. A nil source makes no tensors: the model is then a plan, good for the
// names and shapes of its parameters only.
func NewBuilder(source Source) *Builder { return &Builder{made: &made{source: source}} }

// Sub returns the builder of the part under name.
func (b *Builder) Sub(name string) *Builder {
	return &Builder{prefix: b.prefix + name + ".", made: b.made}
}

// Param makes a parameter. After the source's first error it returns nil; see Err.
func (b *Builder) Param(name string, init Init, shape ...int64) *torch.Tensor {
	return b.add(Param{Name: b.prefix + name, Shape: shape, DType: torch.Float32, Init: init})
}

// Buffer makes a buffer of an element type, as Param makes a parameter.
func (b *Builder) Buffer(name string, dtype torch.DType, init Init, shape ...int64) *torch.Tensor {
	return b.add(Param{Name: b.prefix + name, Shape: shape, DType: dtype, Buffer: true, Init: init})
}

func (b *Builder) add(p Param) *torch.Tensor {
	if b.source != nil && b.err == nil {
		p.Tensor, b.err = b.source(p)
	}
	b.params = append(b.params, p)
	return p.Tensor
}

// Params returns the model's parameters and buffers made so far, in the order of making.
func (b *Builder) Params() []Param { return slices.Clone(b.params) }

// Err returns the first error of the source; a model made in spite of it must not be used.
func (b *Builder) Err() error { return b.err }
