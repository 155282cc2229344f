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
	apart Apart              // their images and captions
	twins []int64            // rows that wait because theirs is among them, oldest first
	later []int64            // rows of which a copy is in rows, and what comes while rows is full
	ended bool
}

// NewPlain returns a Grouper of ordinary batches: batch rows in the order of the stream. The rows left at the end of an epoch
// begin the next one. A row that comes again while it is in the batch being filled goes into a later one, as does one whose image or
// caption is in it; when a quarter of a batch of these wait, or would fill the last batch of an epoch, they meet.
func NewPlain(batch int, duplicates *Duplicates) Grouper {
	p := &plain{size: max(batch, 1), apart: NewApart(duplicates)}
	p.Reset(nil)
	return p
}

func (p *plain) Reset(carry []int64) {
	p.rows, p.twins, p.later, p.ended = nil, nil, nil, false
	p.held = make(map[int64]struct{}, p.size)
	p.apart.Clear()
	for _, row := range carry {
		p.Add(row)
	}
}

func (p *plain) Add(row int64) {
	_, twice := p.held[row]
	switch {
	case twice || len(p.rows) == p.size:
		p.later = append(p.later, row)
	case p.apart.Join(row):
		p.take(row)
	default:
		if p.twins = append(p.twins, row); len(p.twins) > max(1, p.size/4) {
			p.meet(1)
		}
	}
}

func (p *plain) take(row int64) {
	p.held[row] = struct{}{}
	p.rows = append(p.rows, row)
}

// meet takes up to n of the twins that have waited longest.
func (p *plain) meet(n int) {
	for n > 0 && len(p.twins) > 0 {
		row := p.twins[0]
		p.twins = p.twins[1:]
		if _, twice := p.held[row]; twice {
			p.later = append(p.later, row)
			continue
		}
		p.apart.Force(row)
		p.take(row)
		n--
	}
}

func (p *plain) Next() []int64 {
	if len(p.rows) < p.size {
		return nil
	}
	batch := p.rows
	if p.rows = nil; !p.ended { // what waits at the end of an epoch is the next one's
		p.Reset(append(p.twins, p.later...))
	}
	return batch
}

func (p *plain) EndEpoch() []int64 {
	p.ended = true
	if len(p.rows)+len(p.twins) >= p.size {
		p.meet(p.size - len(p.rows))
	}
	carry := append(p.twins, p.later...)
	if len(p.rows) < p.size {
		carry = append(p.rows, carry...)
	}
	return carry
}
