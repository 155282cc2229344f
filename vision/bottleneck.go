package vision

import (
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// convNorm is a convolution without bias and the batch norm after it.
type convNorm struct {
	Weight *torch.Tensor // [out, in, k, k]
	Norm   *nn.BatchNorm

	stride, padding int64
}

type convShape struct{ in, out, kernel, stride int64 }

// newConvNorm makes the pair under open_clip's two names; the padding keeps the size but for the stride.
func newConvNorm(b *nn.Builder, mode *nn.Mode, conv, norm string, s convShape, normWeight nn.Init) *convNorm {
	return &convNorm{
		Weight: b.Sub(conv).Param("weight", nn.FanIn(s.in*s.kernel*s.kernel), s.out, s.in, s.kernel, s.kernel),
		Norm:   nn.NewBatchNorm(b.Sub(norm), mode, s.out, normWeight),
		stride: s.stride, padding: s.kernel / 2,
	}
}

// Forward maps [B, in, H, W] to [B, out, H/stride, W/stride].
func (c *convNorm) Forward(x *torch.Tensor) *torch.Tensor {
	return c.Norm.Forward(x.Conv2d(c.Weight, c.stride, c.padding))
}

// expansion is the number of channels that a bottleneck puts out over the number inside it.
const expansion = 4

// bottleneck is a residual block. Its convolutions have stride 1; a stride is an average pooling before the last one.
type bottleneck struct {
	Reduce, Spatial, Expand *convNorm
	Downsample              *convNorm // of the shortcut; nil where input and output have the same shape

	stride int64
}

func newBottleneck(b *nn.Builder, mode *nn.Mode, in, planes, stride int64) *bottleneck {
	out := expansion * planes
	block := &bottleneck{
		Reduce:  newConvNorm(b, mode, "conv1", "bn1", convShape{in: in, out: planes, kernel: 1, stride: 1}, nn.Ones),
		Spatial: newConvNorm(b, mode, "conv2", "bn2", convShape{in: planes, out: planes, kernel: 3, stride: 1}, nn.Ones),
		// with weight 0 a new block passes its input on
		Expand: newConvNorm(b, mode, "conv3", "bn3", convShape{in: planes, out: out, kernel: 1, stride: 1}, nn.Zeros),
		stride: stride,
	}
	if stride > 1 || in != out {
		block.Downsample = newConvNorm(b.Sub("downsample"), mode, "0", "1", convShape{in: in, out: out, kernel: 1, stride: 1}, nn.Ones)
	}
	return block
}

// Forward maps [B, in, H, W] to [B, 4 planes, H/stride, W/stride].
func (b *bottleneck) Forward(x *torch.Tensor) *torch.Tensor {
	y := b.Reduce.Forward(x).ReLU()
	y = b.Spatial.Forward(y).ReLU()
	y = b.Expand.Forward(b.pool(y))
	if b.Downsample != nil {
		x = b.Downsample.Forward(b.pool(x))
	}
	return y.Add(x).ReLU()
}

func (b *bottleneck) pool(x *torch.Tensor) *torch.Tensor {
	if b.stride == 1 {
		return x
	}
	return x.AvgPool2d(b.stride)
}
