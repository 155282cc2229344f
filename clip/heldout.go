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
		rows := min(heldOutRows, n-from)
		part := torch.NewScope()
		logits := a.In(part).Narrow(0, from, rows).MatMul(b.Transpose(0, 1)).Mul(scale) // [rows, n]
		for j, found := range logits.ArgMax(1).Ints() {
			if found == from+int64(j) {
				right++
			}
		}
		own := make([]int64, rows)
		for j := range own {
			own[j] = from + int64(j)
		}
		loss += float64(rows) * logits.CrossEntropy(torch.FromInts(part, own, rows).To(a.Device(), torch.Int64)).Item()
		part.Close()
	}
	return float64(right) / float64(n), loss / float64(n)
}
