package unimodal

import (
	"runtime"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// model is a backbone and the projection head of two layers that only training uses.
type model struct {
	backbone
	width  int // D
	hidden *nn.Linear
	out    *nn.Linear
	params []nn.Param
}

func newModel(c Config, size int, seed uint64, device torch.Device) (m *model, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer torch.Recover(&err)
	torch.Seed(seed)
	b := nn.NewBuilder(nn.Fresh(device))
	m = &model{}
	m.backbone, m.width, err = newBackbone(b.Sub("backbone"), c, size)
	if err != nil {
		nn.Free(b.Params())
		return nil, err
	}
	m.hidden = nn.NewLinear(b.Sub("head.0"), int64(m.width), int64(c.Hidden), nil, nil)
	m.out = nn.NewLinear(b.Sub("head.2"), int64(c.Hidden), int64(c.Embed), nil, nil)
	m.params = b.Params()
	return m, b.Err()
}

// project maps representations [B, D] to projections [B, E] of length 1.
func (m *model) project(h *torch.Tensor) *torch.Tensor {
	return m.out.Forward(m.hidden.Forward(h).ReLU()).Normalize()
}

// setTrainable makes the parameters collect gradients, or not.
func (m *model) setTrainable(on bool) {
	for _, p := range m.params {
		if !p.Buffer {
			p.Tensor.SetTrainable(on)
		}
	}
}

// take copies the weights and buffers of another model of the same kind.
func (m *model) take(from *model) {
	for i, p := range m.params {
		p.Tensor.Set(from.params[i].Tensor)
	}
}

// follow moves the parameters towards those of another model, which is MoCo's key encoder following the query encoder.
// Buffers stay: each has its own statistics.
func (m *model) follow(leader *model, share float64) {
	for i, p := range m.params {
		if !p.Buffer {
			p.Tensor.Lerp(leader.params[i].Tensor, share)
		}
	}
}

func (m *model) free() {
	if m != nil {
		nn.Free(m.params)
	}
}
