package mcl

import (
	"fmt"
	"math"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/train"
)

// Mixed composes a share of the batches by labels and the others without regard to them; train.Config.Hard says which number
// is which, so that the trainer knows what it gets. Rows are dealt out in the same proportion, in the order in which they come.
// The batches depend on the rows added since Reset and on nothing else.
type Mixed struct {
	hard  *Grouper
	plain data.Grouper
	cfg   train.Config

	added   int64        // rows since Reset
	batches int64        // made since Reset
	ready   [2][][]int64 // batches that wait for their number: ordinary, hard
	due     [][]int64    // at the end of an epoch: the batches left to hand out
	ended   bool
}

var _ data.Grouper = (*Mixed)(nil)

// NewMixed returns a Grouper of hard's batches and ordinary ones, cfg.HardFraction and the rest. Too few rows for the labels to fill
// blocks from are an error.
func NewMixed(hard *Grouper, cfg train.Config) (*Mixed, error) {
	share := cfg.HardFraction * float64(hard.rows)
	if need := 2 * len(hard.perGroup) * hard.blockRows; share < float64(need) {
		return nil, fmt.Errorf("--hard-fraction %g leaves %.0f pairs of an epoch to %d groups with blocks of %d, want at least %d: raise it, lower --stages or --clusters, or raise --groups",
			cfg.HardFraction, math.Floor(share), len(hard.perGroup), hard.blockRows, need)
	}
	m := &Mixed{hard: hard, plain: data.NewPlain(cfg.GlobalBatch(), hard.duplicates), cfg: cfg}
	m.Reset(nil)
	return m, nil
}

// Reset starts an epoch with the rows that waited.
func (m *Mixed) Reset(carry []int64) {
	m.hard.Reset(nil)
	m.plain.Reset(nil)
	m.added, m.batches, m.ready, m.due, m.ended = 0, 0, [2][][]int64{}, nil, false
	for _, row := range carry {
		m.Add(row)
	}
}

// Add deals the next row of the stream out.
func (m *Mixed) Add(row int64) {
	to := m.plain
	if m.cfg.Hard(m.added) {
		to = m.hard
	}
	m.added++
	to.Add(row)
	m.collect()
}

func (m *Mixed) collect() {
	for kind, from := range []data.Grouper{m.plain, m.hard} {
		for batch := from.Next(); batch != nil; batch = from.Next() {
			m.ready[kind] = append(m.ready[kind], batch)
		}
	}
}

// Next returns the batch of the next number if one of its kind is ready.
func (m *Mixed) Next() []int64 {
	if m.ended {
		return m.nextDue()
	}
	kind := 0
	if m.cfg.Hard(m.batches) {
		kind = 1
	}
	if len(m.ready[kind]) == 0 {
		return nil
	}
	batch := m.ready[kind][0]
	m.ready[kind] = m.ready[kind][1:]
	m.batches++
	return batch
}

func (m *Mixed) nextDue() []int64 {
	if len(m.due) == 0 {
		return nil
	}
	batch := m.due[0]
	m.due = m.due[1:]
	return batch
}

// EndEpoch lets both kinds end. Batches whose number does not come up any more are taken apart: their rows wait for the next
// epoch, before the others.
func (m *Mixed) EndEpoch() (carry []int64) {
	waiting := append(m.plain.EndEpoch(), m.hard.EndEpoch()...)
	m.collect()
	for batch := m.Next(); batch != nil; batch = m.Next() {
		m.due = append(m.due, batch)
	}
	m.ended = true
	for _, batches := range m.ready {
		for _, batch := range batches {
			carry = append(carry, batch...)
		}
	}
	return append(carry, waiting...)
}
