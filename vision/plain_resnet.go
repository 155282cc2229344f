package vision

import (
	"math"
	"strconv"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// PlainResNetConfig says how a PlainResNet looks.
type PlainResNetConfig struct {
	Blocks     [4]int // residual blocks of each stage
	Bottleneck bool   // blocks of three convolutions
	Width      int    // W, channels of the first stage: 64 in torchvision
	Channels   int    // of the input
	Small      bool   // the stem for pictures of 32 pixels: a convolution 3x3 with stride 1 and no pooling
}

// ResNet18 and ResNet50 are the architectures of He et al. 2016 (arXiv 1512.03385).
var (
	ResNet18 = PlainResNetConfig{Blocks: [4]int{2, 2, 2, 2}, Width: 64, Channels: 3}
	ResNet50 = PlainResNetConfig{Blocks: [4]int{3, 4, 6, 3}, Bottleneck: true, Width: 64, Channels: 3}
)

// PlainResNet is the residual network of He et al. 2016 without its classifier, with the stride of a bottleneck in its 3x3
// convolution; names and numbers are those of torchvision's resnet18 and resnet50. CLIP's own image tower is ResNet.
type PlainResNet struct {
	Stem   *convNorm
	Stages [4][]*residual

	small bool
	width int64
	mode  *nn.Mode
}

// NewPlainResNet makes the network.
func NewPlainResNet(b *nn.Builder, c PlainResNetConfig) *PlainResNet {
	width := int64(c.Width)
	r := &PlainResNet{small: c.Small, mode: &nn.Mode{}}
	stem := convShape{in: int64(c.Channels), out: width, kernel: 7, stride: 2}
	if c.Small {
		stem.kernel, stem.stride = 3, 1
	}
	r.Stem = newHeConvNorm(b, r.mode, "conv1", "bn1", stem)
	in := width
	for i := range r.Stages {
		for j := range c.Blocks[i] {
			stride := int64(1)
			if i > 0 && j == 0 {
				stride = 2
			}
			block := newResidual(b.Sub("layer"+strconv.Itoa(i+1)+"."+strconv.Itoa(j)), r.mode, in, width<<i, stride, c.Bottleneck)
			r.Stages[i] = append(r.Stages[i], block)
			in = block.out
		}
	}
	r.width = in
	return r
}

// Width is the number of features, D.
func (r *PlainResNet) Width() int { return int(r.width) }

// SetTraining tells the batch norms to use the statistics of the batch and to move the running ones.
func (r *PlainResNet) SetTraining(on bool) { r.mode.Training = on }

// Forward maps normalised pixels [B, C, S, S] to features [B, D], the means over all places.
func (r *PlainResNet) Forward(pixels *torch.Tensor) *torch.Tensor {
	x := torch.Tidy(pixels, func(x *torch.Tensor) *torch.Tensor {
		x = r.Stem.Forward(x).ReLU()
		if r.small {
			return x
		}
		return x.MaxPool2d(3, 2, 1)
	})
	for _, stage := range r.Stages {
		for _, block := range stage {
			y := torch.Tidy(x, block.Forward)
			x.Free() // what the backward pass needs stays
			x = y
		}
	}
	shape := x.Shape()
	return x.Reshape(shape[0], shape[1], -1).Mean(2).Reshape(shape[0], shape[1])
}

// residual is a block: convolutions with batch norms, added to the shortcut.
type residual struct {
	layers     []*convNorm
	downsample *convNorm // of the shortcut; nil where input and output have the same shape
	out        int64
}

func newResidual(b *nn.Builder, mode *nn.Mode, in, planes, stride int64, bottleneck bool) *residual {
	r := &residual{out: planes}
	shapes := []convShape{{in, planes, 3, stride}, {planes, planes, 3, 1}}
	if bottleneck {
		r.out = expansion * planes
		shapes = []convShape{{in, planes, 1, 1}, {planes, planes, 3, stride}, {planes, r.out, 1, 1}}
	}
	for i, shape := range shapes {
		number := strconv.Itoa(i + 1)
		r.layers = append(r.layers, newHeConvNorm(b, mode, "conv"+number, "bn"+number, shape))
	}
	if stride > 1 || in != r.out {
		r.downsample = newHeConvNorm(b.Sub("downsample"), mode, "0", "1", convShape{in, r.out, 1, stride})
	}
	return r
}

// Forward maps [B, in, H, W] to [B, out, H/stride, W/stride].
func (r *residual) Forward(x *torch.Tensor) *torch.Tensor {
	y := x
	for i, layer := range r.layers {
		if i > 0 {
			y = y.ReLU()
		}
		y = layer.Forward(y)
	}
	if r.downsample != nil {
		x = r.downsample.Forward(x)
	}
	return y.Add(x).ReLU()
}

// newHeConvNorm is newConvNorm with the start of He et al. 2015 (arXiv 1502.01852) by the outputs, as torchvision has it.
func newHeConvNorm(b *nn.Builder, mode *nn.Mode, conv, norm string, s convShape) *convNorm {
	std := math.Sqrt(2 / float64(s.out*s.kernel*s.kernel))
	return &convNorm{
		Weight: b.Sub(conv).Param("weight", nn.Normal(std), s.out, s.in, s.kernel, s.kernel),
		Norm:   nn.NewBatchNorm(b.Sub(norm), mode, s.out, nn.Ones),
		stride: s.stride, padding: s.kernel / 2,
	}
}
