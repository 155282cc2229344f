package clip

import "github.com/mclclip/mclclip/internal/torch"

// Batches with more than mostLogits logits are never held as one matrix of them: the loss takes about chunkLogits at a time.
// Smaller batches are faster whole.
const (
	mostLogits  = 1 << 24 // 64 MB
	chunkLogits = 1 << 22
)

// large tells whether a batch has too many logits to hold them all.
func large(image *torch.Tensor, groups int) bool {
	b := image.Shape()[0]
	return b*b/int64(groups) > mostLogits
}

// A rowLoss is what the rows from..from+c of a group, a [c, E], add to a loss where they meet all rows of the group, b [n, E].
// Features are of length 1.
type rowLoss func(a, b *torch.Tensor, from int64) *torch.Tensor

// chunked is a loss of pairs that is a sum over rows of features, taken a few rows at a time. Each chunk is differentiated at
// once and forgotten.
type chunked struct {
	groups, n, rows int64 // n pairs a group; rows of a chunk
	graph           bool
}

// chunkedLoss is Loss with about most logits in memory at a time.
func chunkedLoss(image, text, logScale *torch.Tensor, groups int, most int64) *torch.Tensor {
	return chunkedSum([]*torch.Tensor{image, text, logScale}, groups, most, func(c *chunked, leaf []*torch.Tensor) []*torch.Tensor {
		weight := 0.5 / float64(c.groups*c.n)
		part := func(a, b *torch.Tensor, from int64) *torch.Tensor {
			rows := a.Shape()[0]
			logits := a.MatMul(b.Transpose(0, 1)).Mul(leaf[2].In(a.Scope()).Exp()) // [c, n]
			return logits.CrossEntropy(consecutive(a.Scope(), a.Device(), from, rows)).Scale(float64(rows) * weight)
		}
		return append(c.walk(leaf[0], leaf[1], part), c.walk(leaf[1], leaf[0], part)...)
	})
}

// chunkedSigmoidLoss is SigmoidLoss with about most logits in memory at a time.
func chunkedSigmoidLoss(image, text, logScale, bias *torch.Tensor, groups int, most int64) *torch.Tensor {
	return chunkedSum([]*torch.Tensor{image, text, logScale, bias}, groups, most, func(c *chunked, leaf []*torch.Tensor) []*torch.Tensor {
		return c.walk(leaf[0], leaf[1], func(a, b *torch.Tensor, from int64) *torch.Tensor {
			x := a.MatMul(b.Transpose(0, 1)).Mul(leaf[2].In(a.Scope()).Exp()).Add(leaf[3]) // [c, n]
			return x.Mul(signs(a, c.n, from, a.Shape()[0])).LogSigmoid().Reshape(-1).Sum(0).Scale(-1 / float64(c.groups*c.n))
		})
	})
}

// chunkedSum is the sum of what parts gives for leaves: inputs without the graph behind them, of which the first two are
// features [b, E] scaled to length 1. The gradients that parts leaves in them are handed on by the backward pass of the sum.
func chunkedSum(inputs []*torch.Tensor, groups int, most int64, parts func(c *chunked, leaves []*torch.Tensor) []*torch.Tensor) *torch.Tensor {
	return torch.Tidy(inputs[0], func(image *torch.Tensor) *torch.Tensor {
		scope, shape := image.Scope(), image.Shape()
		inputs[1].Check("text features", shape[0], shape[1])
		n := image.Reshape(int64(groups), -1, shape[1]).Shape()[1]
		c := &chunked{groups: int64(groups), n: n, rows: max(1, most/n)}
		var from, leaves []*torch.Tensor
		for i, x := range append([]*torch.Tensor{image}, inputs[1:]...) {
			x = x.In(scope)
			if i < 2 {
				x = x.Normalize()
			}
			leaf := x.Detach()
			if torch.GradEnabled() && x.Trainable() {
				leaf.SetTrainable(true)
				c.graph = true
			}
			from, leaves = append(from, x), append(leaves, leaf)
		}
		sum := torch.Concat(0, parts(c, leaves)...).Sum(0)
		for i, leaf := range leaves {
			if leaf.Trainable() {
				sum = sum.Add(carrying(from[i], leaf.Grad(scope)))
			}
		}
		return sum
	})
}

// carrying is 0 and has the gradient grad by x.
func carrying(x, grad *torch.Tensor) *torch.Tensor {
	return x.Sub(x.Detach()).Mul(grad).Reshape(-1).Sum(0)
}

// walk lets each row of a meet the rows of its group in b, and returns the parts of the loss, [1] each.
func (c *chunked) walk(a, b *torch.Tensor, part rowLoss) (sums []*torch.Tensor) {
	for group := range c.groups {
		for from := int64(0); from < c.n; from += c.rows {
			scope := torch.NewScope()
			rows := a.In(scope).Narrow(0, group*c.n+from, min(c.rows, c.n-from))
			loss := part(rows, b.In(scope).Narrow(0, group*c.n, c.n), from)
			if c.graph {
				loss.Backward()
			}
			sums = append(sums, loss.Detach().Reshape(1).In(a.Scope()))
			scope.Close()
		}
	}
	return sums
}
