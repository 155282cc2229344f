package data

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
	later []int64            // rows of which a copy is in rows: it waited since the epoch before
}

// NewPlain returns a Grouper of ordinary batches: batch rows in the order of the stream. The rows left at the end of an epoch
// begin the next one. A row that comes again while it is in the batch being filled goes into a later one.
func NewPlain(batch int) Grouper {
	p := &plain{size: max(batch, 1)}
	p.Reset(nil)
	return p
}

func (p *plain) Reset(carry []int64) {
	p.rows, p.later = nil, nil
	p.held = make(map[int64]struct{}, p.size)
	for _, row := range carry {
		p.Add(row)
	}
}

func (p *plain) Add(row int64) {
	if _, twice := p.held[row]; twice || len(p.rows) == p.size {
		p.later = append(p.later, row)
		return
	}
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

func (p *plain) EndEpoch() []int64 { return append(p.rows, p.later...) }
