package unimodal

import (
	"slices"

	"github.com/mclclip/mclclip/internal/torch"
)

// queue holds the keys of the batches before, newest first, and the labels of their pictures. It begins empty: places without a
// key have no label.
type queue struct {
	keys   *torch.Tensor // [Q, E]
	labels *torch.Tensor // [Q] int64
}

func newQueue(device torch.Device, size, embed int) *queue {
	return &queue{
		keys:   torch.Zeros(nil, device, torch.Float32, int64(size), int64(embed)),
		labels: torch.FromInts(nil, slices.Repeat([]int64{-1}, size), int64(size)).Moved(device),
	}
}

// push puts a batch of keys [B, E] with labels [B] in front; the oldest fall out.
func (q *queue) push(keys, labels *torch.Tensor) {
	torch.NoGrad(func() {
		stay := q.labels.Shape()[0] - labels.Shape()[0]
		q.keys.Set(torch.Concat(0, keys, q.keys.In(keys.Scope()).Narrow(0, 0, stay)))
		q.labels.Set(torch.Concat(0, labels, q.labels.In(labels.Scope()).Narrow(0, 0, stay)))
	})
}

func (q *queue) free() {
	q.keys.Free()
	q.labels.Free()
}
