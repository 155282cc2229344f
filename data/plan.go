package data

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// emptyEpochs is after how many epochs without a batch the plan gives up.
const emptyEpochs = 3

// plan computes, with whole numbers alone, which rows form which batch and in which order segments are read. To resume at a
// cursor it runs over the batches that were delivered.
type plan struct {
	index   *Index
	grouper Grouper
	seed    uint64
	window  int64
	world   int

	epoch  int
	number int64         // batches of the epoch so far
	carry  []int64       // rows that waited at the start of the epoch
	seen   map[int64]int // deliveries in this epoch of the rows in carry
	order  []int32       // segments of the epoch; nil between epochs
	at     int           // next of them
	empty  int           // epochs without a batch, in a row

	skip int64         // batches that were delivered before the cursor
	want map[int64]int // rows that wait, and for how many batches; nil once the first step was planned

	fresh   []planned // batches of this step
	held    *planned  // the last batch, until it is known what comes after it
	tasks   []task    // to be read, in order; taken by the loader
	batches []planned // to be delivered, in order; taken by the loader
	steps   int       // steps whose tasks were planned
	read    int       // tasks ever planned
}

// task is rows of one segment, to be read in one go.
type task struct {
	segment int32
	step    int
	rows    []int64       // ascending
	wanted  map[int64]int // batches that want a row; 1 where absent
}

// planned is a batch that is to be delivered when a number of tasks have been read.
type planned struct {
	rows   []int64
	seeds  []uint64
	epoch  int
	number int64
	step   int
	after  int // tasks
	next   Cursor
}

func newPlan(x *Index, g Grouper, at Cursor, cfg *LoaderConfig) *plan {
	return &plan{
		index: x, grouper: g, seed: cfg.Seed, window: cfg.Window, world: cfg.World,
		epoch: at.Epoch, carry: slices.Clone(at.Carry), skip: at.Batch, want: map[int64]int{},
	}
}

// extend plans further until there are tasks or batches that were not planned before.
func (p *plan) extend(ctx context.Context) (err error) {
	defer contain(&err) // of the grouper
	read, batches := p.read, len(p.batches)
	for p.read == read && len(p.batches) == batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.step(); err != nil {
			return err
		}
	}
	return nil
}

// step plans one window, or the end of an epoch.
func (p *plan) step() error {
	if p.order == nil {
		if err := p.begin(); err != nil {
			return err
		}
	}
	if p.at < len(p.order) {
		if err := p.addWindow(); err != nil {
			return err
		}
		p.settle()
		return nil
	}
	return p.finish()
}

// begin starts an epoch.
func (p *plan) begin() error {
	p.order, p.at, p.number = epochOrder(len(p.index.source.segments), p.seed, p.epoch), 0, 0
	p.seen = make(map[int64]int, len(p.carry))
	for _, row := range p.carry {
		if row < 0 || row >= p.index.source.Rows() || !p.index.Good(row) {
			return fmt.Errorf("cursor: row %d waits but is not a usable row: the cursor belongs to other data", row)
		}
		p.seen[row] = 0
		if p.want != nil {
			p.want[row]++
		}
	}
	p.grouper.Reset(slices.Clone(p.carry))
	return p.drain()
}

// addWindow gives the grouper the rows of the next segments, shuffled.
func (p *plan) addWindow() error {
	var rows []int64
	first := p.at
	for held := int64(0); p.at < len(p.order) && (p.at == first || held < p.window); p.at++ {
		id := p.order[p.at]
		seg := &p.index.source.segments[id]
		held += seg.bytes
		good := p.index.goodRows(seg)
		rows = append(rows, good...)
		if p.want == nil {
			p.plan(task{segment: id, rows: good})
		}
	}
	shuffle(rows, mix(p.seed, forRows, uint64(p.epoch), uint64(first)))
	for _, row := range rows {
		if p.want != nil {
			p.want[row]++
		}
		p.grouper.Add(row)
		if err := p.drain(); err != nil {
			return err
		}
	}
	return nil
}

// plan adds a task to the present step.
func (p *plan) plan(t task) {
	if len(t.rows) == 0 {
		return
	}
	t.step = p.steps
	p.tasks = append(p.tasks, t)
	p.read++
}

// drain takes the batches that are ready.
func (p *plan) drain() error {
	for rows := p.grouper.Next(); rows != nil; rows = p.grouper.Next() {
		if len(rows) == 0 || len(rows)%p.world != 0 {
			return fmt.Errorf("a batch of %d rows cannot be divided among %d processes", len(rows), p.world)
		}
		seeds := make([]uint64, len(rows))
		for i, row := range rows {
			again, carried := p.seen[row]
			if carried {
				p.seen[row] = again + 1
			}
			seeds[i] = pairSeed(p.seed, p.epoch, row, again)
		}
		if p.skip > 0 {
			p.skip--
			p.forget(rows)
		} else {
			p.fresh = append(p.fresh, planned{rows: slices.Clone(rows), seeds: seeds, epoch: p.epoch, number: p.number})
		}
		p.number++
	}
	return nil
}

// forget removes the rows of a batch that was delivered before the cursor.
func (p *plan) forget(rows []int64) {
	for _, row := range rows {
		if p.want[row]--; p.want[row] <= 0 {
			delete(p.want, row)
		}
	}
}

// settle ends a step: its batches need what was planned so far. The first one after the cursor is reached plans the rows that wait.
func (p *plan) settle() {
	if p.want != nil {
		if p.skip > 0 {
			return
		}
		p.planWanted()
	}
	for i := range p.fresh {
		b := &p.fresh[i]
		b.step, b.after = p.steps, p.read
		p.release(Cursor{Epoch: b.epoch, Batch: b.number, Carry: p.carry})
		p.held = b
	}
	p.fresh = nil
	p.steps++
}

// release passes the held batch on; next is the position after it.
func (p *plan) release(next Cursor) {
	if p.held == nil {
		return
	}
	p.held.next = next
	p.batches = append(p.batches, *p.held)
	p.held = nil
}

// planWanted plans to read what waits at the cursor, segment by segment.
func (p *plan) planWanted() {
	rows := slices.Sorted(maps.Keys(p.want))
	for len(rows) > 0 {
		id := p.index.source.locate(rows[0])
		seg := &p.index.source.segments[id]
		n, _ := slices.BinarySearch(rows, seg.first+seg.rows)
		p.plan(task{segment: int32(id), rows: rows[:n:n], wanted: p.want})
		rows = rows[n:]
	}
	p.want = nil
}

// finish ends the epoch.
func (p *plan) finish() error {
	carry := slices.Clone(p.grouper.EndEpoch())
	if err := p.drain(); err != nil {
		return err
	}
	if p.skip > 0 {
		return fmt.Errorf("cursor: epoch %d has %d batches, %d fewer than the cursor has passed: data, seed, window or batches are not those of the run",
			p.epoch, p.number, p.skip)
	}
	p.settle()
	p.empty++
	if p.number > 0 {
		p.empty = 0
	}
	if p.empty == emptyEpochs {
		return fmt.Errorf("no batch in %d epochs of %d usable rows: the batch is too large for the data", p.empty, p.index.usable)
	}
	p.epoch++
	p.carry, p.order = carry, nil
	p.release(Cursor{Epoch: p.epoch, Carry: p.carry})
	return nil
}
