package clip

import (
	"github.com/mclclip/mclclip/internal/torch"
)

// Inputs turns host batches into what the towers take: it uploads 8-bit pixels and normalises them on the device, which
// moves a quarter of the bytes that floats would.
type Inputs struct {
	device    torch.Device
	size      int64         // S, pixels along an edge
	context   int           // tokens in a row of a batch
	whole     bool          // rows are never cut
	mean, std *torch.Tensor // [1, 3, 1, 1], in units of 0..1
	full      *torch.Tensor // 255
	pre       Preprocess
}

// NewInputs prepares the normalisation that belongs to the model's weights. Free frees its tensors.
func NewInputs(m *Model, pre Preprocess) *Inputs {
	device := m.Device()
	channel := func(v [3]float32) *torch.Tensor { return torch.FromFloats(nil, v[:], 1, 3, 1, 1).Moved(device) }
	return &Inputs{
		device: device, size: int64(m.Config.Vision.ImageSize), context: m.Config.Text.ContextLength,
		whole: m.Config.Text.Bidirectional,
		pre:   pre,
		mean:  channel(pre.Mean), std: channel(pre.Std), full: torch.FromFloats(nil, []float32{255}, 1).Moved(device),
	}
}

// Free frees the tensors of the normalisation.
func (in *Inputs) Free() {
	in.mean.Free()
	in.std.Free()
	in.full.Free()
}

// Pixels uploads the images from..to of a batch of 8-bit images [B, 3, S, S] and normalises them: (v/255 - mean) / std in
// float32, in this order, which is torchvision's ToTensor and Normalize to the last bit. The result is [n, 3, S, S].
func (in *Inputs) Pixels(scope *torch.Scope, images []uint8, from, to int) *torch.Tensor {
	one := int(3 * in.size * in.size)
	images = images[from*one : to*one]
	if in.device == torch.CPU {
		return torch.Normalized(scope, images, in.size, in.pre.Mean, in.pre.Std)
	}
	return in.normalize(torch.Upload(scope, in.device, images, torch.Uint8, int64(to-from), 3, in.size, in.size))
}

// normalize turns 8-bit pixels into floats where they are: a move to a device and another type at once would move floats.
func (in *Inputs) normalize(raw *torch.Tensor) *torch.Tensor {
	return torch.Tidy(raw, func(x *torch.Tensor) *torch.Tensor {
		return x.To(x.Device(), torch.Float32).Div(in.full).Sub(in.mean).Div(in.std)
	})
}

// Tokens uploads the rows from..to of a batch of token ids, cut to length columns: under the causal mask what follows the
// last end-of-text token cannot matter. Without that mask rows stay whole. The result is [n, length] int64.
func (in *Inputs) Tokens(scope *torch.Scope, tokens []int32, length, from, to int) *torch.Tensor {
	if in.whole {
		length = in.context
	}
	ids := make([]int64, 0, (to-from)*length)
	for row := from; row < to; row++ {
		for _, id := range tokens[row*in.context : row*in.context+length] {
			ids = append(ids, int64(id))
		}
	}
	return torch.UploadInts(scope, in.device, ids, int64(to-from), int64(length))
}
