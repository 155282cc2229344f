package clip

import "github.com/mclclip/mclclip/internal/torch"

// HeldOut says how well a model tells pairs apart that it has not trained on.
type HeldOut struct {
	Loss        float64 // the contrastive loss of all pairs as one batch
	ImageToText float64 // recall at 1: share of the images whose own caption is the nearest of all
	TextToImage float64 // of the captions whose own image is the nearest
}

// heldOutRows is how many rows of logits there are at a time.
const heldOutRows = 1024

// ScoreHeldOut compares the features images and texts [n, E] of n pairs, each with each, at the model's logit scale. Features need
// not be normalised. Of captions that are equal word by word the first one's image counts as right.
func ScoreHeldOut(images, texts *torch.Tensor, logScale *torch.Tensor) (h HeldOut, err error) {
	defer torch.Recover(&err)
	torch.NoGrad(func() {
		scope := torch.NewScope()
		defer scope.Close()
		i, t := images.In(scope).Normalize(), texts.In(scope).Normalize()
		scale := logScale.In(scope).Exp()
		toText, byImage := nearest(i, t, scale)
		toImage, byText := nearest(t, i, scale)
		h = HeldOut{Loss: (byImage + byText) / 2, ImageToText: toText, TextToImage: toImage}
	})
	return h, err
}

// nearest returns the share of the rows of a [n, E] whose partner in b is nearest, and their mean cross-entropy.
func nearest(a, b, scale *torch.Tensor) (recall, loss float64) {
	n := a.Shape()[0]
	right := 0
	for from := int64(0); from < n; from += heldOutRows {
		hits, sum := nearestOf(from, min(heldOutRows, n-from), a, b, scale)
		right, loss = right+hits, loss+sum
	}
	return float64(right) / float64(n), loss / float64(n)
}

// nearestOf counts among rows of a, the first of which is from, those whose partner is nearest, and sums their cross-entropy.
func nearestOf(from, rows int64, a, b, scale *torch.Tensor) (right int, loss float64) {
	scope := torch.NewScope()
	defer scope.Close()
	logits := a.In(scope).Narrow(0, from, rows).MatMul(b.Transpose(0, 1)).Mul(scale) // [rows, n]
	for j, found := range logits.ArgMax(1).Ints() {
		if found == from+int64(j) {
			right++
		}
	}
	return right, float64(rows) * logits.CrossEntropy(consecutive(scope, a.Device(), from, rows)).Item()
}
