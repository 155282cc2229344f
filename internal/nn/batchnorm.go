package nn

import "github.com/mclclip/mclclip/internal/torch"

// Mode is what the layers of a tower share that compute otherwise in training.
type Mode struct{ Training bool }

// BatchNorm normalises each channel of a picture (Ioffe and Szegedy 2015, arXiv 1502.03167): in training by the mean and
// variance of the batch, which also move the running ones, else by the running ones.
type BatchNorm struct {
	Weight, Bias   *torch.Tensor // [C]
	Mean, Variance *torch.Tensor // [C], running: buffers
	Batches        *torch.Tensor // [] int64, how many have moved them: a buffer
	Mode           *Mode
}

// PyTorch's defaults, which OpenAI's and open_clip's ResNets keep.
const (
	batchNormEps      = 1e-5
	batchNormMomentum = 0.1
)

// NewBatchNorm makes a batch norm whose weight starts as given, with bias 0, running mean 0 and running variance 1.
func NewBatchNorm(b *Builder, mode *Mode, channels int64, weight Init) *BatchNorm {
	return &BatchNorm{
		Weight:   b.Param("weight", weight, channels),
		Bias:     b.Param("bias", Zeros, channels),
		Mean:     b.Buffer("running_mean", torch.Float32, Zeros, channels),
		Variance: b.Buffer("running_var", torch.Float32, Ones, channels),
		Batches:  b.Buffer("num_batches_tracked", torch.Int64, Zeros),
		Mode:     mode,
	}
}

// Forward maps [B, C, H, W] to [B, C, H, W].
func (n *BatchNorm) Forward(x *torch.Tensor) *torch.Tensor {
	if n.Mode.Training {
		n.Batches.Increment()
	}
	norm := torch.BatchNorm{Training: n.Mode.Training, Momentum: batchNormMomentum, Eps: batchNormEps}
	return norm.Apply(x, n.Weight, n.Bias, n.Mean, n.Variance)
}
