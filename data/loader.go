package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

var errClosed = errors.New("the loader is closed")

// LoaderConfig says how a Loader works. Seed and Window decide the batches; the other fields do not change them.
type LoaderConfig struct {
	Seed     uint64
	Window   int64  // bytes of images that are shuffled together; 0: 256 MiB
	Workers  int    // goroutines that decode; 0: one a processor
	Buffer   int64  // bytes of encoded pairs held in memory; beyond it they wait on disk; 0: 1 GiB
	Prefetch int    // batches that are decoded ahead; 0: 2
	TempDir  string // where pairs wait on disk; empty: the system's
	Rank     int    // this process
	World    int    // number of processes; 0: 1
}

// Defaults of LoaderConfig.
const (
	defaultWindow   = 256 << 20
	defaultBuffer   = 1 << 30
	defaultPrefetch = 2
)

func (c LoaderConfig) withDefaults() LoaderConfig {
	for _, field := range []struct {
		value *int64
		usual int64
	}{{&c.Window, defaultWindow}, {&c.Buffer, defaultBuffer}} {
		if *field.value == 0 {
			*field.value = field.usual
		}
	}
	if c.Prefetch == 0 {
		c.Prefetch = defaultPrefetch
	}
	if c.World == 0 {
		c.World = 1
	}
	return c
}

func (c LoaderConfig) validate() error {
	switch {
	case c.Rank < 0 || c.Rank >= c.World:
		return fmt.Errorf("loader: rank %d of %d processes", c.Rank, c.World)
	case c.Window < 0 || c.Buffer < 0 || c.Prefetch < 0 || c.Workers < 0:
		return fmt.Errorf("loader: window %d, buffer %d, prefetch %d and workers %d must not be negative",
			c.Window, c.Buffer, c.Prefetch, c.Workers)
	}
	return nil
}

// Loader delivers the batches that a Grouper makes of the usable rows, epoch after epoch. With the same data, seed, window and Grouper the
// batches are the same whatever else is configured, and after a resume at any Cursor.
//
// Each of World processes computes the same batches and delivers a contiguous part of each: where a batch consists
// of G equal blocks and World divides G, each has whole blocks. It reads all rows but decodes only its own.
//
// One goroutine reads segments, a second one hands the rows of each batch to the workers that decode them.
type Loader struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	cfg    LoaderConfig
	index  *Index
	tf     Transform
	store  *store
	work   *workers
	group  sync.WaitGroup
	out    chan *job
	free   chan Batch
	wait   time.Duration
	count  int64
	err    error // what Next returned last
	once   sync.Once

	mu      sync.Mutex // guards what follows; changes are broadcast
	changed *sync.Cond
	plan    *plan
	planErr error
	read    int // tasks that were read
	readErr error
	need    int // step whose rows the next batch needs
}

// NewLoader starts to load batches from a position on; the zero Cursor is the beginning. The Grouper belongs to the Loader from then on. Mistakes
// in the configuration are returned by Next. Close must be called.
func NewLoader(ctx context.Context, x *Index, g Grouper, at Cursor, tf Transform, cfg LoaderConfig) *Loader {
	cfg = cfg.withDefaults()
	l := &Loader{cfg: cfg, index: x, tf: tf, err: cfg.validate()}
	if at.Epoch < 0 || at.Batch < 0 {
		l.err = fmt.Errorf("cursor: epoch %d, batch %d", at.Epoch, at.Batch)
	}
	l.changed = sync.NewCond(&l.mu)
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.store = newStore(cfg.Buffer, cfg.TempDir)
	if l.err != nil {
		return l
	}
	l.plan = newPlan(x, g, at, &cfg)
	l.out = make(chan *job, cfg.Prefetch)
	l.free = make(chan Batch, cfg.Prefetch+2)
	l.work = startWorkers(cfg.Workers, 0)
	context.AfterFunc(l.ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.changed.Broadcast()
	})
	l.group.Go(l.readSegments)
	l.group.Go(l.assemble)
	return l
}

// Next returns the next batch. After an error it returns the same error again. It is for one goroutine.
func (l *Loader) Next() (Batch, error) {
	if l.err != nil {
		return Batch{}, l.err
	}
	start := time.Now()
	batch, err := l.next()
	l.wait += time.Since(start)
	if l.err = err; err != nil {
		return Batch{}, err
	}
	l.count++
	return batch, nil
}

func (l *Loader) next() (Batch, error) {
	select {
	case j := <-l.out:
		return j.wait(l.ctx)
	case <-l.ctx.Done():
		return Batch{}, context.Cause(l.ctx)
	}
}

// Recycle gives the memory of a batch back. The batch must not be used, or recycled, again.
func (l *Loader) Recycle(b Batch) {
	select {
	case l.free <- Batch{Images: b.Images, Tokens: b.Tokens}:
	default:
	}
}

// LoaderStats is what a Loader counted since it was made.
type LoaderStats struct {
	Batches int64
	Wait    time.Duration // that Next had to wait: the share of time lost to loading data
	Spilled int64         // bytes of pairs that had to wait on disk
}

// Stats returns the counts. It is for the goroutine that calls Next.
func (l *Loader) Stats() LoaderStats {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	return LoaderStats{Batches: l.count, Wait: l.wait, Spilled: l.store.spilled}
}

// Close ends all goroutines and frees the disk.
func (l *Loader) Close() {
	l.once.Do(func() {
		l.cancel(errClosed)
		l.group.Wait()
		if l.work != nil {
			l.work.close()
		}
		l.store.close()
		if l.err == nil {
			l.err = errClosed
		}
	})
}

// readSegments reads the tasks of the plan in order, a step ahead of need.
func (l *Loader) readSegments() {
	r := reader{source: l.index.source, images: l.tf.Image != nil}
	defer r.close()
	for {
		t, err := l.nextTask()
		if err != nil {
			return // the plan's error is found again by assemble, the end of the context by Next
		}
		seg := &l.index.source.segments[t.segment]
		err = r.read(l.ctx, seg, t.rows, func(p *pairRow) error {
			if err := stillGood(p, l.tf.Image != nil); err != nil {
				return l.index.source.rowError(p.number, err)
			}
			return l.store.put(p, max(1, t.wanted[p.number]))
		})
		l.mu.Lock()
		l.read++
		if err != nil {
			l.read--
			l.readErr = err
		}
		l.changed.Broadcast()
		l.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// nextTask waits until a task may be read: if a batch waits for it, or if it belongs to the step after and there is memory.
func (l *Loader) nextTask() (task, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if err := l.ctx.Err(); err != nil {
			return task{}, err
		}
		if len(l.plan.tasks) == 0 && l.planErr == nil && l.plan.steps <= l.need+1 {
			l.extend()
			continue
		}
		if len(l.plan.tasks) == 0 && l.planErr != nil {
			return task{}, l.planErr
		}
		if len(l.plan.tasks) > 0 {
			t := l.plan.tasks[0]
			if t.step <= l.need || t.step == l.need+1 && l.store.used() < l.cfg.Buffer {
				l.plan.tasks = slices.Delete(l.plan.tasks, 0, 1)
				return t, nil
			}
		}
		l.changed.Wait()
	}
}

// extend plans further; l.mu is held.
func (l *Loader) extend() {
	l.planErr = l.plan.extend(l.ctx)
	l.changed.Broadcast()
}
