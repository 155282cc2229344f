package unimodal

import "github.com/mclclip/mclclip/internal/torch"

// hiddenLogit is the logit of what an anchor does not see: its probability is 0 in float32.
const hiddenLogit = -1e9

// NTXent is the normalised temperature-scaled cross entropy of SimCLR (Chen et al. 2020, equation 1) for projections [2B, E] of
// length 1: rows i and B+i are views of one picture. The batch consists of G blocks of n = B/G pictures that follow each other; the
// negatives of an anchor are the 2n-2 other views of its own block, so that one block is SimCLR's loss. The result has no axes.
func NTXent(z *torch.Tensor, groups int, tau float64) *torch.Tensor {
	return torch.Tidy(z, func(z *torch.Tensor) *torch.Tensor {
		shape := z.Shape()
		b, e, g := shape[0]/2, shape[1], int64(groups)
		n := b / g
		z = z.Reshape(2, g, n, e).Transpose(0, 1).Reshape(g, 2*n, e)  // [G, 2n, E]
		logits := z.MatMul(z.Transpose(1, 2)).Scale(1 / tau)          // [G, 2n, 2n]
		logits = logits.Masked(itself(z, 2*n), hiddenLogit)           // an anchor is not compared with itself
		return logits.Reshape(2*b, 2*n).CrossEntropy(others(z, b, n)) // []
	})
}

// itself is the diagonal [1, n, n].
func itself(like *torch.Tensor, n int64) *torch.Tensor {
	places := make([]int64, n)
	for i := range places {
		places[i] = int64(i)
	}
	column := torch.FromInts(like.Scope(), places, n, 1).To(like.Device(), torch.Int64)
	return column.Equal(column.Reshape(1, n)).Reshape(1, n, n)
}

// others is the place of each anchor's other view in its block, [2b].
func others(like *torch.Tensor, b, n int64) *torch.Tensor {
	places := make([]int64, 2*b)
	for i := range places {
		places[i] = (int64(i)%(2*n) + n) % (2 * n)
	}
	return torch.FromInts(like.Scope(), places, 2*b).To(like.Device(), torch.Int64)
}

// MoCoLoss is the contrastive loss of MoCo (He et al. 2020, arXiv 1911.05722, equation 1): the key of anchor i is row i of
// keys, its negatives are the keys in the queue [Q, E] that have its label. queries and keys are [B, E]; labels [B] and queued
// [Q] are int64. All vectors have length 1. The result has no axes.
func MoCoLoss(queries, keys, queue, labels, queued *torch.Tensor, tau float64) *torch.Tensor {
	return torch.Tidy(queries, func(q *torch.Tensor) *torch.Tensor {
		b := q.Shape()[0]
		positive := q.Mul(keys).Sum(1).Reshape(b, 1)                                                      // [B, 1]
		other := labels.In(q.Scope()).Reshape(b, 1).Equal(queued.In(q.Scope()).Reshape(1, -1)).Not()      // [B, Q]
		negative := q.MatMul(queue.In(q.Scope()).Transpose(0, 1)).Scale(1/tau).Masked(other, hiddenLogit) // [B, Q]
		logits := torch.Concat(1, positive.Scale(1/tau), negative)                                        // [B, 1+Q]
		return logits.CrossEntropy(torch.Zeros(q.Scope(), q.Device(), torch.Int64, b))
	})
}
