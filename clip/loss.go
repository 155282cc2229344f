package clip

import "github.com/mclclip/mclclip/internal/torch"

// Loss is the loss that the model is trained with: CLIP's, or SigLIP's where it has a bias. See Loss and SigmoidLoss.
func (m *Model) Loss(image, text *torch.Tensor, groups int) *torch.Tensor {
	if m.LogitBias == nil {
		return Loss(image, text, m.LogitScale, groups)
	}
	return SigmoidLoss(image, text, m.LogitScale, m.LogitBias, groups)
}

// Loss is the symmetric contrastive loss (InfoNCE; Radford et al. 2021, figure 3) of features image and text [b, E], not
// normalised, whose rows at the same place are pairs; logScale is the model's LogitScale. The result has no axes.
//
// The batch consists of G groups of b/G rows that follow each other. An anchor's negatives are the other pairs of its own
// group, in both directions; the loss is the mean over all b anchors. The logits are G matrices [n, n], never [b, b], and those of
// a large batch are not held whole. One group is CLIP's ordinary loss. G must divide b.
func Loss(image, text, logScale *torch.Tensor, groups int) *torch.Tensor {
	if large(image, groups) {
		return chunkedLoss(image, text, logScale, groups, chunkLogits)
	}
	return torch.Tidy(image, func(image *torch.Tensor) *torch.Tensor {
		byImage := logits(image, text, logScale, groups) // [G, n, n]  row: an image, column: a caption
		byText := byImage.Transpose(1, 2)                // [G, n, n]  row: a caption, column: an image
		b, n := image.Shape()[0], byImage.Shape()[1]
		pairs := diagonal(image, b, n) // [b]
		of := func(logits *torch.Tensor) *torch.Tensor { return logits.Reshape(b, n).CrossEntropy(pairs) }
		return of(byImage).Add(of(byText)).Scale(0.5)
	})
}

// SigmoidLoss is SigLIP's (Zhai et al. 2023, arXiv 2303.15343, algorithm 1): each image and caption of a group is a yes or no
// question of its own, with bias added to its logit; the sum over the questions is divided by b. Arguments are those of Loss.
func SigmoidLoss(image, text, logScale, bias *torch.Tensor, groups int) *torch.Tensor {
	if large(image, groups) {
		return chunkedSigmoidLoss(image, text, logScale, bias, groups, chunkLogits)
	}
	return torch.Tidy(image, func(image *torch.Tensor) *torch.Tensor {
		x := logits(image, text, logScale, groups).Add(bias) // [G, n, n]
		b, n := image.Shape()[0], x.Shape()[1]
		answers := x.Mul(signs(image, n, 0, n)).LogSigmoid()     // [G, n, n]
		return answers.Reshape(-1).Sum(0).Scale(-1 / float64(b)) // []
	})
}

// logits are the scaled cosines of the rows of each group [G, n, n], image by text.
func logits(image, text, logScale *torch.Tensor, groups int) *torch.Tensor {
	shape := image.Shape()
	b, e, g := shape[0], shape[1], int64(groups)
	text.Check("text features", b, e)
	scale := logScale.In(image.Scope()).Exp()
	i := image.Normalize().Reshape(g, -1, e)                  // [G, n, E]
	t := text.In(image.Scope()).Normalize().Reshape(g, -1, e) // [G, n, E]
	return i.MatMul(t.Transpose(1, 2)).Mul(scale)             // [G, n, n]
}

// signs are the rows from..from+c [c, n] of a matrix that is 1 on the diagonal and -1 elsewhere.
func signs(like *torch.Tensor, n, from, c int64) *torch.Tensor {
	values := make([]float32, c*n)
	for i := range values {
		values[i] = -1
	}
	for i := range c {
		values[i*n+from+i] = 1
	}
	return torch.FromFloats(like.Scope(), values, c, n).To(like.Device(), torch.Float32)
}

// Distance is the mean over the rows of features a and b [n, E] of 1 - cosine, which is half the squared distance of what is
// left of them after scaling to length 1. The result has no axes; b is taken as constant.
func Distance(a, b *torch.Tensor) *torch.Tensor {
	return torch.Tidy(a, func(a *torch.Tensor) *torch.Tensor {
		apart := a.Normalize().Sub(b.In(a.Scope()).Detach().Normalize())
		return apart.Mul(apart).Sum(1).Sum(0).Scale(0.5 / float64(a.Shape()[0]))
	})
}

// diagonal is the column of each row's own pair: 0..n-1 again and again, b numbers.
func diagonal(like *torch.Tensor, b, n int64) *torch.Tensor {
	columns := make([]int64, b)
	for row := range columns {
		columns[row] = int64(row) % n
	}
	return torch.UploadInts(like.Scope(), like.Device(), columns, b)
}

// consecutive are n numbers from a first on: the columns of the partners of rows that follow each other.
func consecutive(scope *torch.Scope, device torch.Device, first, n int64) *torch.Tensor {
	numbers := make([]int64, n)
	for i := range numbers {
		numbers[i] = first + int64(i)
	}
	return torch.UploadInts(scope, device, numbers, n)
}
