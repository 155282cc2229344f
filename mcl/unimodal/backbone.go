package unimodal

import (
	"fmt"
	"math"
	"strconv"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/vision"
)

// backbone maps normalised pixels [B, C, S, S] to representations [B, D].
type backbone interface {
	Forward(pixels *torch.Tensor) *torch.Tensor
	SetTraining(on bool)
}

// newBackbone makes the backbone of a configuration for pictures of size pixels, and tells its D.
func newBackbone(b *nn.Builder, c Config, size int) (backbone, int, error) {
	switch c.Backbone {
	case "conv4":
		net := newConv4(b, 3+c.Bits, c.Width)
		return net, 8 * c.Width, nil
	case "vit":
		return newViT(b, c, size)
	}
	config := vision.ResNet18
	if c.Backbone == "resnet50" {
		config = vision.ResNet50
	}
	config.Width, config.Channels, config.Small = c.Width, 3+c.Bits, c.Stem == "cifar"
	net := vision.NewPlainResNet(b, config)
	return net, net.Width(), nil
}

func newViT(b *nn.Builder, c Config, size int) (backbone, int, error) {
	config := vision.Config{ImageSize: size, Layers: 6, Width: c.Width, HeadWidth: min(c.Width, 64), MLPRatio: 4, PatchSize: max(1, size/8)}
	if err := config.Validate(); err != nil {
		return nil, 0, fmt.Errorf("--backbone vit with --width %d for %d pixels: %w", c.Width, size, err)
	}
	return vision.NewTransformer(b, config, c.Width, nn.GELU), c.Width, nil
}

// conv4 is four convolutions 3x3 of stride 2, each with batch norm and ReLU; the channels double. Small enough for a CPU.
type conv4 struct {
	weights [4]*torch.Tensor
	norms   [4]*nn.BatchNorm
	mode    *nn.Mode
}

func newConv4(b *nn.Builder, in, width int) *conv4 {
	net := &conv4{mode: &nn.Mode{}}
	from, to := int64(in), int64(width)
	for i := range net.weights {
		number := strconv.Itoa(i + 1)
		start := nn.Normal(math.Sqrt(2 / float64(9*from)))
		net.weights[i] = b.Sub("conv"+number).Param("weight", start, to, from, 3, 3)
		net.norms[i] = nn.NewBatchNorm(b.Sub("bn"+number), net.mode, to, nn.Ones)
		from, to = to, 2*to
	}
	return net
}

func (c *conv4) SetTraining(on bool) { c.mode.Training = on }

// Forward maps [B, C, S, S] to [B, 8 width], the means over all places of the last layer.
func (c *conv4) Forward(x *torch.Tensor) *torch.Tensor {
	for i, weight := range c.weights {
		x = c.norms[i].Forward(x.Conv2d(weight, 2, 1)).ReLU()
	}
	shape := x.Shape()
	return x.Reshape(shape[0], shape[1], -1).Mean(2).Reshape(shape[0], shape[1])
}
