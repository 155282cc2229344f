package data

import (
	"context"
	"iter"
	"math/bits"

	"golang.org/x/sync/semaphore"
)

// Sequential yields batches of the usable rows in row order, each row once; the last batch may be shorter. Of several captions the first
// is made into tokens. Of World processes each gets a contiguous part of the rows. The seed that Transform.Image gets is
// that of epoch 0. A batch's memory is used again when the loop body ends. An error ends the sequence.
func Sequential(ctx context.Context, x *Index, batch int, tf Transform, cfg LoaderConfig) iter.Seq2[Batch, error] {
	return SequentialFrom(ctx, x, 0, batch, tf, cfg)
}

// SequentialFrom is Sequential without the first usable rows of this process's part.
func SequentialFrom(ctx context.Context, x *Index, first int64, batch int, tf Transform, cfg LoaderConfig) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		cfg := cfg.withDefaults()
		if err := cfg.validate(); err != nil {
			yield(Batch{}, err)
			return
		}
		ctx, cancel := context.WithCancelCause(ctx)
		s := &sequence{ctx: ctx, index: x, skip: first, size: max(batch, 1), tf: tf, cfg: cfg}
		s.work = startWorkers(cfg.Workers, s.size)
		s.jobs = make(chan *job, cfg.Prefetch)
		s.room = semaphore.NewWeighted(cfg.Buffer)
		s.free = make(chan Batch, cfg.Prefetch+2)
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			s.readAll()
		}()
		defer func() {
			cancel(errStopped)
			<-finished
			s.work.close()
		}()
		s.deliver(yield)
	}
}

// sequence reads rows, has each decoded as soon as it is read, and delivers whole batches. What waits to be decoded is
// bounded by LoaderConfig.Buffer, what is decoded by Prefetch.
type sequence struct {
	ctx   context.Context
	index *Index
	skip  int64 // usable rows
	size  int
	tf    Transform
	cfg   LoaderConfig
	work  *workers
	jobs  chan *job // closed at the end of the rows
	free  chan Batch
	room  *semaphore.Weighted // bytes of rows that wait

	left   int64 // rows that are not in a batch yet
	job    *job  // the batch being filled; nil: none is
	filled int   // its rows that were read
}

// deliver yields the batches in order.
func (s *sequence) deliver(yield func(Batch, error) bool) {
	for {
		var j *job
		var more bool
		if s.ctx.Err() != nil { // also where batches are ready
			yield(Batch{}, context.Cause(s.ctx))
			return
		}
		select {
		case j, more = <-s.jobs:
		case <-s.ctx.Done():
			yield(Batch{}, context.Cause(s.ctx))
			return
		}
		if !more {
			if s.ctx.Err() != nil { // then the rows did not come to their end
				yield(Batch{}, context.Cause(s.ctx))
			}
			return
		}
		b, err := j.wait(s.ctx)
		if err != nil {
			yield(Batch{}, err)
			return
		}
		if !yield(b, nil) {
			return
		}
		select {
		case s.free <- Batch{Images: b.Images, Tokens: b.Tokens}:
		default:
		}
	}
}

// readAll reads this process's rows and hands the batches to the workers.
func (s *sequence) readAll() {
	defer close(s.jobs)
	r := reader{source: s.index.source, images: s.tf.Image != nil, meta: true}
	defer r.close()
	from := s.skip + s.index.usable*int64(s.cfg.Rank)/int64(s.cfg.World)
	to := s.index.usable * int64(s.cfg.Rank+1) / int64(s.cfg.World)
	s.left = to - from
	passed := int64(0) // usable rows of the segments before
	for i := range s.index.source.segments {
		seg := &s.index.source.segments[i]
		n := s.index.countGood(seg.first, seg.first+seg.rows)
		begin, end := max(from-passed, 0), min(to-passed, n)
		passed += n
		if begin >= end {
			continue
		}
		if err := r.read(s.ctx, seg, s.index.goodRows(seg)[begin:end], s.add); err != nil {
			s.fail(err)
			return
		}
	}
}

// add has a row decoded.
func (s *sequence) add(p *pairRow) error {
	if err := stillGood(p, s.tf.Image != nil); err != nil {
		return s.index.source.rowError(p.number, err)
	}
	if s.job == nil && !s.begin() {
		return context.Cause(s.ctx)
	}
	packed := pack(p)
	size := min(int64(len(packed)), s.cfg.Buffer)
	if s.room.Acquire(s.ctx, size) != nil {
		return context.Cause(s.ctx)
	}
	j, i, number := s.job, s.filled, p.number // p is another row when the worker runs
	j.batch.Rows[i], j.seeds[i] = number, pairSeed(s.cfg.Seed, 0, number, 0)
	err := s.work.do(s.ctx, func() {
		defer s.room.Release(size)
		if s.ctx.Err() == nil {
			j.decodeRow(i, number, s.index.source, &s.tf, false, func() ([]byte, error) { return packed, nil })
		}
	})
	if s.filled++; s.filled == len(j.batch.Rows) {
		s.job, s.filled = nil, 0
	}
	return err
}

// begin starts a batch, which is delivered when its rows are decoded. It returns false if nobody wants it any more.
func (s *sequence) begin() bool {
	n := int(min(int64(s.size), s.left))
	s.left -= int64(n)
	var old Batch
	select {
	case old = <-s.free:
	default:
	}
	b := newBatch(&s.tf, n, old)
	b.Rows = make([]int64, n)
	b.Global = b.Rows
	b.Keys, b.Captions = make([]string, n), make([][]string, n)
	s.job = newJob(b, make([]uint64, n))
	return s.send(s.job)
}

// fail ends the sequence with an error: in place of the batch being filled if there is one.
func (s *sequence) fail(err error) {
	if s.job == nil {
		s.send(failedJob(err))
		return
	}
	for i := s.filled; i < len(s.job.batch.Rows); i++ {
		s.job.decoded(i, 0, err)
	}
}

func (s *sequence) send(j *job) bool {
	select {
	case s.jobs <- j:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// countGood returns the number of usable rows in a range.
func (x *Index) countGood(from, to int64) int64 {
	n := int64(0)
	for row := from; row < to; {
		word := x.good[row>>6] >> (row & 63)
		if width := min(64-row&63, to-row); width < 64 {
			word &= 1<<width - 1
		}
		n += int64(bits.OnesCount64(word))
		row = (row | 63) + 1
	}
	return n
}
