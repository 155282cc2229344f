// Package vision holds the image towers of CLIP (Radford et al. 2021, arXiv 2103.00020), a pre-norm ViT and a ResNet with
// attention pooling, and that of SigLIP. Names and numbers are those of open_clip's VisionTransformer and ModifiedResNet;
// SigLIP's tower, which open_clip has from timm, has the names of the same parts.
//
// Dimensions of both:
//
//	B images   S pixels of a side   E embedding
package vision

import (
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

// Tower is an image tower.
type Tower interface {
	// Forward maps normalised pixels [B, 3, S, S] to embeddings [B, E], not normalised.
	Forward(pixels *torch.Tensor) *torch.Tensor
	// Groups lists the parts of the tower, each by the beginnings of its parameters' names, in the order from the pixels to
	// the embedding. A locked ViT (Zhai et al. 2022, arXiv 2111.07991) may be unlocked group by group from the end, and the
	// learning rate may fall from each group to the one before it.
	Groups() [][]string
	// SetTraining tells batch norms to use the statistics of the batch and to move the running ones.
	SetTraining(on bool)
	// SetTape makes the blocks of a ViT keep no activations in training; nil ends that. A ResNet goes on keeping them: to run
	// its blocks again would move their running statistics again.
	SetTape(tape *nn.Tape)
}

// New makes the tower of a configuration, which must be valid, with embeddings of width embed, which is that of SigLIP's
// tower itself. OpenAI's ViTs have QuickGELU, other ViTs GELU, ResNets ReLU.
func New(b *nn.Builder, c Config, embed int, quickGELU bool) Tower {
	switch {
	case c.ResNet():
		return NewResNet(b, c, embed)
	case c.Pool == PoolMAP:
		return NewSigLIP(b, c, c.act(quickGELU))
	}
	return NewTransformer(b, c, embed, c.act(quickGELU))
}
