package unimodal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train"
)

// phase is the training of one model.
type phase struct {
	name    string
	number  uint64 // distinguishes its random numbers
	steps   int
	groups  int          // blocks of a batch
	grouper data.Grouper // makes its batches
	labels  []int32      // by row; nil: all rows have one
}

// trainer trains a model in a phase.
type trainer struct {
	cfg   Config
	model *model
	key   *model // MoCo's key encoder
	queue *queue // MoCo's
	in    *pixels
	phase phase
	opt   *train.AdamW
}

// train runs a phase and returns the mean loss of its last tenth.
func (e *Experiment) train(ctx context.Context, m *model, p phase) (loss float64, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer torch.Recover(&err)
	m.setTrainable(true)
	defer m.setTrainable(false)
	t := &trainer{cfg: e.cfg, model: m, in: e.training, phase: p, opt: train.NewAdamW(m.params, e.cfg.train(p.steps))}
	defer t.close()
	if e.cfg.Method == MoCo {
		if t.key, err = newModel(e.cfg, e.training.set.Size, 0, e.device); err != nil {
			return 0, err
		}
		t.key.take(m)
		t.queue = newQueue(e.device, e.cfg.Queue, e.cfg.Embed)
	}
	rows := newStream(p.grouper, e.training.set.Len(), e.cfg.Seed^p.number<<32)
	tail := max(1, p.steps/10)
	for step := range p.steps {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		r := t.step(rows.next(), uint64(step))
		if !r.Applied {
			return 0, fmt.Errorf("%s: step %d: loss %v or its gradient %v is not finite; lower --lr", p.name, step+1, r.Loss, r.GradNorm)
		}
		if step >= p.steps-tail {
			loss += r.Loss / float64(tail)
		}
		if e.Progress != nil {
			e.Progress(p.name, step+1, p.steps, r.Loss)
		}
	}
	return loss, nil
}

// step does one optimisation step on the rows of a batch.
func (t *trainer) step(rows []int64, number uint64) train.Result {
	scope := torch.NewScope()
	defer scope.Close()
	t.opt.Clear()
	t.model.SetTraining(true)
	defer t.model.SetTraining(false)
	x := t.in.views(scope, rows, t.cfg.Seed^t.phase.number<<48^number)
	var loss *torch.Tensor
	if t.cfg.Method == SimCLR {
		loss = NTXent(t.model.project(t.model.Forward(x)), t.phase.groups, t.cfg.Tau)
	} else {
		loss = t.moco(x, rows)
	}
	loss.Backward()
	return t.opt.Step(scope, loss.Item())
}

// moco is the loss of MoCo v2 on two views of each row [2B, C, S, S]: the second is embedded by the key encoder, and joins the queue
// afterwards.
func (t *trainer) moco(x *torch.Tensor, rows []int64) *torch.Tensor {
	b := int64(len(rows))
	labels := make([]int64, b)
	for i, row := range rows {
		if t.phase.labels != nil {
			labels[i] = int64(t.phase.labels[row])
		}
	}
	of := torch.FromInts(x.Scope(), labels, b).To(x.Device(), torch.Int64)
	var keys *torch.Tensor
	torch.NoGrad(func() {
		t.key.follow(t.model, 1-t.cfg.Momentum)
		t.key.SetTraining(true)
		keys = t.key.project(t.key.Forward(x.Narrow(0, b, b)))
	})
	queries := t.model.project(t.model.Forward(x.Narrow(0, 0, b)))
	loss := MoCoLoss(queries, keys, t.queue.keys.Copy(x.Scope()), of, t.queue.labels, t.cfg.Tau) // the backward pass needs the keys as they are now
	t.queue.push(keys, of)
	return loss
}

func (t *trainer) close() {
	t.opt.Close()
	t.key.free()
	if t.queue != nil {
		t.queue.free()
	}
}

// stream gives the batches of a phase: each epoch is a permutation of all rows.
type stream struct {
	grouper data.Grouper
	rows    int
	order   *rand.Rand
	left    []int   // of the epoch
	carry   []int64 // rows that wait for the next one
	ended   bool
}

func newStream(g data.Grouper, rows int, seed uint64) *stream {
	s := &stream{grouper: g, rows: rows, order: rand.New(rand.NewPCG(seed, 0x6f72646572))}
	s.begin()
	return s
}

func (s *stream) next() []int64 {
	for {
		if batch := s.grouper.Next(); batch != nil {
			return batch
		}
		switch {
		case s.ended:
			s.begin()
		case len(s.left) == 0:
			s.carry, s.ended = s.grouper.EndEpoch(), true
		default:
			s.grouper.Add(int64(s.left[0]))
			s.left = s.left[1:]
		}
	}
}

func (s *stream) begin() {
	s.grouper.Reset(s.carry)
	s.left, s.ended = s.order.Perm(s.rows), false
}
