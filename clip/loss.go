package clip

import "github.com/mclclip/mclclip/internal/torch"

// Loss is the symmetric contrastive loss (InfoNCE; Radford et al. 2021, figure 3) of features image and text [b, E], not
// normalised, whose rows at the same place are pairs; logScale is the model's LogitScale. The result has no axes.
//
// The batch consists of G groups of b/G rows that follow each other. An anchor's negatives are the other pairs of its own
// group, in both directions; the loss is the mean over all b anchors. The logits are G matrices [n, n], never [b, b]. One
// group is CLIP's ordinary loss. G must divide b.
func Loss(image, text, logScale *torch.Tensor, groups int) *torch.Tensor {
	return torch.Tidy(image, func(image *torch.Tensor) *torch.Tensor {
		shape := image.Shape()
		b, e, g := shape[0], shape[1], int64(groups)
		text.Check("text features", b, e)
		scale := logScale.In(image.Scope()).Exp()
		i := image.Normalize().Reshape(g, -1, e)                  // [G, n, E]
		t := text.In(image.Scope()).Normalize().Reshape(g, -1, e) // [G, n, E]
		byImage := i.MatMul(t.Transpose(1, 2)).Mul(scale)         // [G, n, n]  row: an image, column: a caption
		byText := byImage.Transpose(1, 2)                         // [G, n, n]  row: a caption, column: an image
		pairs := diagonal(image, b, b/g)                          // [b]
		of := func(logits *torch.Tensor) *torch.Tensor { return logits.Reshape(b, b/g).CrossEntropy(pairs) }
		return of(byImage).Add(of(byText)).Scale(0.5)
	})
}

// diagonal is the column of each row's own pair: 0..n-1 again and again, b numbers.
func diagonal(like *torch.Tensor, b, n int64) *torch.Tensor {
	columns := make([]int64, b)
	for row := range columns {
		columns[row] = int64(row) % n
	}
	return torch.FromInts(like.Scope(), columns, b).To(like.Device(), torch.Int64)
}
