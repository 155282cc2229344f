package data

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// job is a batch that is being decoded.
type job struct {
	batch Batch
	seeds []uint64
	done  chan struct{}

	mu     sync.Mutex
	left   int // rows
	err    error
	failed int // row of err: the first one that fails, in the order of the batch
}

func newJob(b Batch, seeds []uint64) *job {
	return &job{batch: b, seeds: seeds, left: len(b.Rows), done: make(chan struct{})}
}

// failedJob stands for a batch that cannot be made.
func failedJob(err error) *job {
	j := &job{err: err, done: make(chan struct{})}
	close(j.done)
	return j
}

// wait returns the batch when all rows are decoded.
func (j *job) wait(ctx context.Context) (Batch, error) {
	select {
	case <-j.done:
		return j.batch, j.err
	case <-ctx.Done():
		return Batch{}, context.Cause(ctx)
	}
}

// decoded notes the end of row i.
func (j *job) decoded(i, length int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.batch.Length = max(j.batch.Length, length)
	if err != nil && (j.err == nil || i < j.failed) {
		j.err, j.failed = err, i
	}
	if j.left--; j.left == 0 {
		close(j.done)
	}
}

// decode has the workers decode all rows; load returns the packed row i. An error comes only with the end of ctx.
func (j *job) decode(ctx context.Context, work *workers, source *Source, tf *Transform, load func(i int) ([]byte, error)) error {
	for i, row := range j.batch.Rows {
		err := work.do(ctx, func() {
			j.decodeRow(i, row, source, tf, true, func() ([]byte, error) { return load(i) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// decodeRow decodes row i of the batch, which load returns packed. draw chooses among its captions.
func (j *job) decodeRow(i int, row int64, source *Source, tf *Transform, draw bool, load func() ([]byte, error)) {
	packed, err := load()
	length := 0
	if err == nil {
		length, err = tf.decode(&j.batch, i, packed, j.seeds[i], draw)
	}
	if err != nil {
		err = source.rowError(row, fmt.Errorf("the index has it as usable, but: %w", err))
	}
	j.decoded(i, length, err)
}

// assemble makes jobs of the planned batches, in order.
func (l *Loader) assemble() {
	for {
		b, err := l.nextPlanned()
		if err != nil {
			l.send(failedJob(err))
			return
		}
		rows, err := l.take(&b)
		if err != nil {
			l.send(failedJob(err))
			return
		}
		var old Batch
		select {
		case old = <-l.free:
		default:
		}
		from := len(rows) * l.cfg.Rank
		batch := newBatch(&l.tf, len(rows), old)
		batch.Global = b.rows
		batch.Rows = slices.Clip(b.rows[from : from+len(rows)])
		batch.After = b.next
		j := newJob(batch, b.seeds[from:from+len(rows)])
		if !l.send(j) {
			return
		}
		load := func(i int) ([]byte, error) { return rows[i].load() }
		if j.decode(l.ctx, l.work, l.index.source, &l.tf, load) != nil {
			return
		}
	}
}

func (l *Loader) send(j *job) bool {
	select {
	case l.out <- j:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// nextPlanned waits until the rows of the next batch have been read.
func (l *Loader) nextPlanned() (planned, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.plan.batches) == 0 {
		if l.planErr != nil {
			return planned{}, l.planErr
		}
		l.extend()
	}
	b := l.plan.batches[0]
	l.plan.batches = slices.Delete(l.plan.batches, 0, 1)
	l.need = max(l.need, b.step)
	l.changed.Broadcast()
	for l.read < b.after {
		switch {
		case l.ctx.Err() != nil:
			return planned{}, context.Cause(l.ctx)
		case l.readErr != nil:
			return planned{}, l.readErr
		}
		l.changed.Wait()
	}
	return b, nil
}

// take takes this process's rows of a batch from the store, and drops those of the others.
func (l *Loader) take(b *planned) ([]taken, error) {
	size := len(b.rows) / l.cfg.World
	own := make([]taken, 0, size)
	for i, row := range b.rows {
		t, err := l.store.take(row)
		if err != nil {
			return nil, err
		}
		if i/size == l.cfg.Rank {
			own = append(own, t)
		} else {
			t.drop()
		}
	}
	l.mu.Lock()
	l.changed.Broadcast() // there is memory to read ahead
	l.mu.Unlock()
	return own, nil
}
