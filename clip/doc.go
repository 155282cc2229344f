// Package clip is the dual encoder of Radford et al. 2021 (arXiv 2103.00020): an image tower and a text tower with a joint
// embedding, the symmetric contrastive loss, the published configurations, and weights in open_clip's folder layout.
//
// Names and numbers are those of open_clip 3.3's class CLIP; tests hold features, gradients and loss curves against it. SigLIP
// (Zhai et al. 2023, arXiv 2303.15343) is a model of the same parts with another pooling and loss.
//
// Operations panic with *torch.Error, as all of internal/torch does; New, Load, Save and SetWeights return errors. A
// goroutine holds its thread (runtime.LockOSThread) while it uses a model.
//
// Dimensions:
//
//	b pairs of a batch   G groups   n = b/G pairs of a group   E embedding   S pixels   L tokens
package clip
