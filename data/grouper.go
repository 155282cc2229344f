package data

import "slices"

// Grouper decides which rows form a batch. What it returns depends on the rows it was given since Reset and on nothing
// else, so that a run can be resumed by giving it the same rows again. It is used by one goroutine.
type Grouper interface {
	// Reset starts an epoch; carry holds the rows that waited at the end of the one before, in order.
	Reset(carry []int64)
	// Add takes the next row of the stream.
	Add(row int64)
	// Next returns a batch that is ready, or nil. It is called until nil after Reset, after each Add and after EndEpoch.
	Next() []int64
	// EndEpoch ends the stream, which may make further batches ready, and returns the rows that wait for the next epoch.
	EndEpoch() (carry []int64)
}

// plain makes batches in the order of the stream.
type plain struct {
	size  int
	rows  []int64            // of the batch being filled
	held  map[int64]struct{} // the same rows
	apart Apart              // their images and captions
	later []int64            // rows that wait for a batch after it, in order
	twins int                // those of later whose image or caption is in rows
}

// NewPlain returns a Grouper of ordinary batches: batch rows in the order of the stream. The rows left at the end of an epoch
// begin the next one. A row that comes again while it is in the batch being filled goes into a later one, as does one whose image or
// caption is in it; when a batch of these wait, or would fill the last batch of an epoch, they meet.
func NewPlain(batch int, duplicates *Duplicates) Grouper {
	p := &plain{size: max(batch, 1), apart: NewApart(duplicates)}
	p.Reset(nil)
	return p
}

func (p *plain) Reset(carry []int64) {
	p.rows, p.later, p.twins = nil, nil, 0
	p.held = make(map[int64]struct{}, p.size)
	p.apart.Clear()
	for _, row := range carry {
		p.Add(row)
	}
}

func (p *plain) Add(row int64) {
	if _, twice := p.held[row]; twice || len(p.rows) == p.size {
		p.later = append(p.later, row)
		return
	}
	if p.apart.Join(row) {
		p.take(row)
		return
	}
	p.later = append(p.later, row)
	if p.twins++; p.twins > p.size {
		p.takeLater(1)
	}
}

// takeLater takes up to n of the rows that have waited longest for another batch, whatever they share.
func (p *plain) takeLater(n int) {
	p.later = slices.DeleteFunc(p.later, func(row int64) bool {
		_, twice := p.held[row]
		if twice || n == 0 {
			return false
		}
		p.take(row)
		p.twins--
		n--
		return true
	})
}

func (p *plain) take(row int64) {
	p.held[row] = struct{}{}
	p.rows = append(p.rows, row)
}

func (p *plain) Next() []int64 {
	if len(p.rows) < p.size {
		return nil
	}
	batch, later := p.rows, p.later
	p.Reset(later)
	return batch
}

func (p *plain) EndEpoch() []int64 {
	if len(p.rows)+p.twins >= p.size {
		p.takeLater(p.size - len(p.rows))
	}
	if len(p.rows) == p.size {
		return p.later
	}
	return append(p.rows, p.later...)
}
