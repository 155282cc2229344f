package data

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// errStopped ends a pass over rows whose results nobody wants any more.
var errStopped = errors.New("stopped")

// workers runs functions on a number of goroutines.
type workers struct {
	jobs  chan func()
	group sync.WaitGroup
}

// startWorkers starts n goroutines, or as many as there are processors if n is 0. So many jobs may wait for one.
func startWorkers(n, waiting int) *workers {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	w := &workers{jobs: make(chan func(), waiting)}
	for range n {
		w.group.Go(func() {
			for job := range w.jobs {
				job()
			}
		})
	}
	return w
}

// do has a worker run the job, unless ctx ends before there is room for it.
func (w *workers) do(ctx context.Context, job func()) error {
	select {
	case w.jobs <- job:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// close waits for the jobs that run or wait. Nothing may call do after it.
func (w *workers) close() {
	close(w.jobs)
	w.group.Wait()
}
