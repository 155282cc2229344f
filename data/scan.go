package data

import (
	"context"
	"fmt"
	"runtime"
	"slices"
)

// Reasons for which Scan leaves out a row, beside those of the check that it is given.
const (
	ReasonNull      = "null image"
	ReasonPathOnly  = "only a path" // Hugging Face: bytes are NULL and a path is there, which is never followed
	ReasonEmpty     = "empty"
	ReasonNoCaption = "no caption" // NULL or blank, or a list without any other
	ReasonPanic     = "decoder panic"
)

// Skip is a row that cannot be used.
type Skip struct {
	Row            int64  // in the Source
	Shard          string // path
	Local          int64  // row in the shard
	Key            string
	Reason, Detail string
}

// ScanConfig says how Scan works; the zero value is usable.
type ScanConfig struct {
	Workers  int                     // goroutines that check images; 0: one a processor
	TempDir  string                  // where a long list of skipped rows waits to be saved; empty: the system's
	Checker  string                  // describes the check, for instance its size limit; kept with the Index
	Progress func(done, total int64) // called now and then from one goroutine; may be nil
}

// Rows and bytes of images that are checked in one go.
const (
	scanRows  = 32
	scanBytes = 4 << 20
)

// Scan goes over all rows once and finds those that can be used, and those whose image or caption stands in another: usable is a row with
// an image that check accepts (nil: any that is not empty) and a caption. reason turns an error of check into a stable key for
// counting (nil: its text). check is called from many goroutines. A row that fails is skipped; a shard that cannot be read is
// an error.
func Scan(ctx context.Context, s *Source, check func(image []byte) error, reason func(error) string, cfg ScanConfig) (*Index, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := startWorkers(cfg.Workers, 0)
	defer work.close()
	chunks := make(chan *scanChunk, 2*runtime.GOMAXPROCS(0))
	finder := newDuplicateFinder(s.Rows(), cfg.TempDir)
	scan := &scanner{source: s, check: check, reason: reason, ctx: ctx, work: work, chunks: chunks, finder: finder}
	failed := make(chan error, 1)
	go func() {
		failed <- scan.readAll()
		close(chunks)
	}()
	index := newIndex(s, cfg.Checker, cfg.TempDir)
	err := collect(ctx, index, finder, chunks, cfg.Progress)
	cancel(errStopped)
	for range chunks { // let the reader go on to see that it is over
	}
	if readErr := <-failed; err == nil {
		err = readErr
	}
	if err != nil {
		finder.records.close()
		return nil, err
	}
	if index.duplicates, err = finder.find(); err != nil {
		return nil, err
	}
	if index.usable == 0 {
		return nil, fmt.Errorf("none of the %d rows can be used: %s", s.Rows(), index.summary())
	}
	return index, nil
}

// collect enters the results into the index, and the hashes of usable rows into the finder, in row order.
func collect(ctx context.Context, index *Index, finder *duplicateFinder, chunks <-chan *scanChunk, progress func(done, total int64)) error {
	done := int64(0)
	for chunk := range chunks {
		select {
		case <-chunk.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		for _, row := range chunk.rows {
			if err := index.enter(row.Skip); err != nil {
				return err
			}
			if row.Reason != "" {
				continue
			}
			if err := finder.note(row.Row, row.hashes); err != nil {
				return err
			}
		}
		done += int64(len(chunk.rows))
		if progress != nil {
			progress(done, index.source.Rows())
		}
	}
	return nil
}

// scanChunk is a run of rows that one worker checks. A row whose Skip has no reason can be used.
type scanChunk struct {
	rows  []scanRow
	bytes int
	done  chan struct{}
}

type scanRow struct {
	Skip
	image  []byte
	hashes pairHash
}

type scanner struct {
	source *Source
	check  func([]byte) error
	reason func(error) string
	ctx    context.Context
	work   *workers
	chunks chan<- *scanChunk
	finder *duplicateFinder
}

// readAll hands all rows to the workers.
func (s *scanner) readAll() error {
	r := reader{source: s.source, images: true, meta: true}
	defer r.close()
	chunk := &scanChunk{done: make(chan struct{})}
	for i := range s.source.segments {
		seg := &s.source.segments[i]
		err := r.read(s.ctx, seg, rowsFrom(seg.first, seg.rows), func(p *pairRow) error {
			row := scanRow{Skip: Skip{Row: p.number, Key: p.key, Reason: unusable(p)}}
			if row.Reason == "" {
				row.hashes = s.finder.hash(p.image, p.captions)
			}
			if row.Reason == "" && s.check != nil {
				row.image = slices.Clone(p.image)
			}
			chunk.rows = append(chunk.rows, row)
			chunk.bytes += len(row.image)
			if len(chunk.rows) < scanRows && chunk.bytes < scanBytes {
				return nil
			}
			full := chunk
			chunk = &scanChunk{done: make(chan struct{})}
			return s.hand(full)
		})
		if err != nil {
			return err
		}
	}
	return s.hand(chunk)
}

// unusable says why a row cannot be used whatever its image's content, or returns the empty string.
func unusable(p *pairRow) string {
	switch {
	case p.image == nil && p.hasPath:
		return ReasonPathOnly
	case p.image == nil:
		return ReasonNull
	case len(p.image) == 0:
		return ReasonEmpty
	case len(p.captions) == 0:
		return ReasonNoCaption
	}
	return ""
}

func (s *scanner) hand(chunk *scanChunk) error {
	select {
	case s.chunks <- chunk:
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
	return s.work.do(s.ctx, func() {
		defer close(chunk.done)
		for i := range chunk.rows {
			s.checkRow(&chunk.rows[i])
		}
	})
}

func (s *scanner) checkRow(row *scanRow) {
	if row.image == nil {
		return
	}
	panicked, err := s.checkImage(row.image)
	row.image = nil
	switch {
	case err == nil:
		return
	case panicked:
		row.Reason = ReasonPanic
	case s.reason != nil:
		row.Reason = s.reason(err)
	}
	row.Detail = err.Error()
	if row.Reason == "" {
		row.Reason = row.Detail
	}
}

// checkImage contains a panic of the decoder: the row is skipped like any other that cannot be decoded.
func (s *scanner) checkImage(image []byte) (panicked bool, err error) {
	panicked = true
	defer contain(&err)
	err = s.check(image)
	return false, err
}
