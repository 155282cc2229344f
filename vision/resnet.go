package vision

import (
	"strconv"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// ResNet is the image tower that Radford et al. 2021 (section 2.4) made of the ResNet-D of He et al. 2019 (arXiv
// 1812.01187): a stem of three convolutions, average pooling wherever the size is halved, and attention for the last pooling.
//
// Dimensions:
//
//	W width   P = (S/32)^2 positions of the last feature map   D = 32 W features
type ResNet struct {
	Stem   [3]*convNorm
	Stages [4][]*bottleneck
	Pool   *AttentionPool

	imageSize int64
	mode      *nn.Mode
}

// NewResNet makes the tower with embeddings of width embed; its configuration must be valid and of a ResNet.
func NewResNet(b *nn.Builder, c Config, embed int) *ResNet {
	mode, width := &nn.Mode{}, int64(c.Width)
	r := &ResNet{imageSize: int64(c.ImageSize), mode: mode}
	r.Stem = [3]*convNorm{
		newConvNorm(b, mode, "conv1", "bn1", convShape{in: 3, out: width / 2, kernel: 3, stride: 2}, nn.Ones),
		newConvNorm(b, mode, "conv2", "bn2", convShape{in: width / 2, out: width / 2, kernel: 3, stride: 1}, nn.Ones),
		newConvNorm(b, mode, "conv3", "bn3", convShape{in: width / 2, out: width, kernel: 3, stride: 1}, nn.Ones),
	}
	in := width
	for i := range r.Stages {
		planes := width << i // W, 2W, 4W, 8W
		for j := range c.Stages[i] {
			stride := int64(1)
			if i > 0 && j == 0 {
				stride = 2
			}
			name := "layer" + strconv.Itoa(i+1) + "." + strconv.Itoa(j)
			r.Stages[i] = append(r.Stages[i], newBottleneck(b.Sub(name), mode, in, planes, stride))
			in = expansion * planes
		}
	}
	positions := (r.imageSize / reduction) * (r.imageSize / reduction)
	r.Pool = NewAttentionPool(b.Sub("attnpool"), positions, in, int64(c.Heads()), int64(embed))
	return r
}

// Forward maps normalised pixels [B, 3, S, S] to embeddings [B, E], not normalised.
func (r *ResNet) Forward(pixels *torch.Tensor) *torch.Tensor {
	pixels.Check("pixels", -1, 3, r.imageSize, r.imageSize)
	x := torch.Tidy(pixels, r.stem) // [B, W, S/4, S/4]
	for _, stage := range r.Stages {
		for _, block := range stage {
			y := torch.Tidy(x, block.Forward)
			x.Free() // what the backward pass needs stays
			x = y
		}
	} // [B, D, S/32, S/32]
	return torch.Tidy(x, r.Pool.Forward) // [B, E]
}

// stem maps pixels [B, 3, S, S] to [B, W, S/4, S/4].
func (r *ResNet) stem(x *torch.Tensor) *torch.Tensor {
	for _, layer := range r.Stem {
		x = layer.Forward(x).ReLU()
	}
	return x.AvgPool2d(2)
}

// Groups are those by which open_clip's layer-wise decay counts: the stem, the four stages, and the attention pooling. As in
// open_clip 3.3.0 a ResNet can only be locked whole.
func (r *ResNet) Groups() [][]string {
	return [][]string{{"conv", "bn"}, {"layer1."}, {"layer2."}, {"layer3."}, {"layer4."}, {"attnpool."}}
}

// SetTape changes nothing.
func (r *ResNet) SetTape(*nn.Tape) {}

// SetTraining tells the batch norms to use the statistics of the batch and to move the running ones.
func (r *ResNet) SetTraining(on bool) { r.mode.Training = on }
