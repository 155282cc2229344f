package nn

import "github.com/mclclip/mclclip/internal/torch"

// Tape trades time for memory in training (activation checkpointing: Chen et al. 2016, arXiv 1604.06174): it keeps what goes
// into each block and nothing from inside, and runs each block again when its gradient is due. The gradients are the same to
// the last bit. A nil Tape records nothing.
type Tape struct {
	scope torch.Scope // owns what is recorded
	runs  []run
}

// run is one pass through the blocks of a tower.
type run struct {
	blocks Blocks
	tokens *Sequences
	values []*torch.Tensor // before each block and after the last, [N, D]; the first has the graph of what came before
}

// Forward is blocks.Forward. Where gradients are due its result is cut off from the graph; Backward closes the gap.
func (t *Tape) Forward(blocks Blocks, x *torch.Tensor, s *Sequences) *torch.Tensor {
	if t == nil || !torch.GradEnabled() {
		return blocks.Forward(x, s)
	}
	locked := blocks.locked(x)
	x = blocks[:locked].Forward(x, s)
	if locked == len(blocks) {
		return x
	}
	r := run{blocks: blocks[locked:], tokens: s.in(&t.scope), values: []*torch.Tensor{x.In(&t.scope)}}
	torch.NoGrad(func() {
		for i, block := range r.blocks {
			y := torch.Tidy(r.values[i], func(x *torch.Tensor) *torch.Tensor { return block.Forward(x, r.tokens) })
			r.values = append(r.values, y)
		}
	})
	t.runs = append(t.runs, r)
	last := r.values[len(r.blocks)]
	last.SetTrainable(true)
	return last.In(x.Scope())
}

// locked counts the blocks at the start that no gradient passes; they keep nothing anyway.
func (bs Blocks) locked(x *torch.Tensor) int {
	for i, block := range bs {
		if x.Trainable() || block.trainable() {
			return i
		}
	}
	return len(bs)
}

// Backward carries the gradients of what Forward returned on to the blocks and to what came before them, and forgets the
// recorded runs. It comes after the backward pass of the loss; compute gives the blocks the setting that they had in Forward
// (autocast).
func (t *Tape) Backward(compute func(forward func())) {
	if t == nil {
		return
	}
	defer t.Reset()
	for _, r := range t.runs {
		r.backward(compute)
	}
}

// Reset forgets the recorded runs.
func (t *Tape) Reset() {
	if t != nil {
		t.runs = nil
		t.scope.Close()
	}
}

// backward goes from the last block to the first and frees what it has passed.
func (r run) backward(compute func(func())) {
	scope := torch.NewScope()
	defer scope.Close()
	grad := r.values[len(r.blocks)].Grad(scope)
	for i := len(r.blocks) - 1; i >= 0 && grad != nil; i-- {
		r.values[i+1].Free()
		before := r.again(i, grad, compute, scope)
		grad.Free()
		grad = before
	}
	if grad != nil {
		r.values[0].BackwardFrom(grad)
	}
}

// again runs a block with a graph, hands the gradient of its output down, and returns that of its input: nil where none is
// due.
func (r run) again(i int, grad *torch.Tensor, compute func(func()), scope *torch.Scope) *torch.Tensor {
	inner := torch.NewScope()
	defer inner.Close()
	x := r.values[i].In(inner).Detach()
	x.SetTrainable(i > 0 || r.values[0].Trainable())
	var y *torch.Tensor
	compute(func() { y = r.blocks[i].Forward(x, r.tokens) })
	y.BackwardFrom(grad)
	return x.Grad(scope)
}
