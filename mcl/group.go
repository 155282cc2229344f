package mcl

import (
	"fmt"
	"slices"

	"github.com/mclclip/mclclip/data"
)

// waitingBatches bounds the full blocks that wait for blocks of other groups, in batches. A group with more than 1/G of the data fills
// blocks faster than batches of G groups can take them; past the bound a batch takes several of its blocks. With little data half
// of the blocks that can exist at once is the bound, for a group may not be able to fill that many.
const waitingBatches = 4

// Grouper makes the batches of a stage (the paper's negatives of an anchor have the anchor's label). It is a data.Grouper.
//
// Rows come in the order of the stream and fill a bucket for their group. A full bucket, b/G rows, is a block; G blocks of different
// groups, the longest waiting ones, are a batch. Blocks lie one after the other in a batch, rows[g*b/G : (g+1)*b/G] for block g,
// so the mask of the loss is block-diagonal. As blocks leave in the order in which rows come, groups are drawn in
// proportion to their sizes all through the epoch, and every row is used once an epoch, or waits for the next.
//
// A row that waited through the end of an epoch comes again in the next one. While the first copy waits the second one is put aside,
// and it joins its group only when the first has left in a batch; so no row is ever twice in a batch, whatever the blocks.
//
// The batches depend on the rows added since Reset and on nothing else. A Grouper is for one goroutine.
type Grouper struct {
	label     []int32 // by row
	bucketOf  []int32 // by label; Unusable where the label has no pairs
	groups    int     // G
	blockRows int     // b/G
	most      int     // blocks in waiting at which a batch may take several of a group

	buckets  [][]int64     // by bucket: rows of the block that is being filled
	waiting  []block       // full blocks, oldest first
	perGroup []int32       // by bucket: blocks in waiting
	distinct int           // buckets with a block in waiting
	present  []uint64      // bit by row: the row is in a bucket or in waiting
	later    map[int64]int // copies put aside while an earlier copy of the row waits
	ready    [][]int64     // batches that Next has not handed out
	taken    []int32       // by bucket: the batch that last took a block, to tell repeats
	spare    [][]int64     // buffers of blocks that left
	stats    GroupStats
}

var _ data.Grouper = (*Grouper)(nil)

// block is b/G rows of one group.
type block struct {
	bucket int32
	rows   []int64
}

// GroupStats counts what a Grouper did since Reset.
type GroupStats struct {
	Batches  int64
	Repeats  int64   // blocks in a batch that already held a block of their group
	Waiting  int64   // rows that wait now, copies put aside included
	Unusable int64   // rows that were left out because they have no label
	Drawn    []int64 // blocks that left, by group in the order of Groups
}

// NewGrouper returns a Grouper for global batches of batch rows in groups blocks. labels holds each row's label, of maps labels to groups
// (Groups.Of). Neither is copied. The error says why no batch could be made: the data hold too few full blocks.
func NewGrouper(labels []int32, of []int32, batch, groups int) (*Grouper, error) {
	g := &Grouper{label: labels, groups: groups}
	count, err := g.number(of)
	if err != nil {
		return nil, err
	}
	sizes := make([]int64, count)
	usable := int64(0)
	for row, label := range labels {
		if label < 0 {
			continue
		}
		if int(label) >= len(of) || g.bucketOf[label] < 0 {
			return nil, fmt.Errorf("row %d: label %d belongs to no group", row, label)
		}
		sizes[g.bucketOf[label]]++
		usable++
	}
	if err := checkBatch(usable, batch, groups); err != nil {
		return nil, err
	}
	g.blockRows = batch / groups
	blocks := int64(0)
	for bucket, size := range sizes {
		if size < int64(g.blockRows) || lacks(size, usable, batch, groups) > 0 {
			return nil, fmt.Errorf("group %d of %d has %d of %d pairs, too few full blocks of %d for its share of a batch: merge small labels first",
				bucket, count, size, usable, g.blockRows)
		}
		blocks += size / int64(g.blockRows)
	}
	g.most = int(min(int64(waitingBatches*groups), max(int64(groups), blocks/2)))
	g.perGroup, g.taken = make([]int32, count), make([]int32, count)
	g.present = make([]uint64, (len(labels)+63)/64)
	g.Reset(nil)
	return g, nil
}

// number gives the groups consecutive numbers in the order of their labels.
func (g *Grouper) number(of []int32) (count int, err error) {
	g.bucketOf = make([]int32, len(of))
	for label, group := range of {
		if g.bucketOf[label] = Unusable; group == int32(label) {
			g.bucketOf[label] = int32(count)
			count++
		}
	}
	for label, group := range of {
		if group < 0 {
			continue
		}
		if int(group) >= len(of) || of[group] != group {
			return 0, fmt.Errorf("label %d: its group %d is no group", label, group)
		}
		g.bucketOf[label] = g.bucketOf[group]
	}
	return count, nil
}

// Reset starts an epoch with the rows that waited at the end of the one before, as EndEpoch returned them.
func (g *Grouper) Reset(carry []int64) {
	g.buckets = make([][]int64, len(g.perGroup))
	g.waiting, g.ready, g.spare = nil, nil, nil
	g.distinct, g.later = 0, make(map[int64]int)
	clear(g.perGroup)
	clear(g.present)
	for bucket := range g.taken {
		g.taken[bucket] = -1
	}
	g.stats = GroupStats{Drawn: make([]int64, len(g.perGroup))}
	for _, row := range carry {
		g.Add(row)
	}
}

// Add takes the next row of the stream.
func (g *Grouper) Add(row int64) {
	if row < 0 || row >= int64(len(g.label)) || g.label[row] < 0 {
		g.stats.Unusable++
		return
	}
	g.stats.Waiting++
	if g.place(row) {
		g.settle(g.most)
	}
}

// Next returns the next batch that is ready, or nil.
func (g *Grouper) Next() []int64 {
	if len(g.ready) == 0 {
		return nil
	}
	batch := g.ready[0]
	g.ready = g.ready[1:]
	return batch
}

// EndEpoch makes batches of the full blocks that wait, of the same group where there is no other, and returns the rows that wait for the next
// epoch: those of the blocks left, then of the buckets, then the copies put aside.
func (g *Grouper) EndEpoch() (carry []int64) {
	g.settle(g.groups)
	for _, b := range g.waiting {
		carry = append(carry, b.rows...)
	}
	for _, rows := range g.buckets {
		carry = append(carry, rows...)
	}
	return g.appendLater(carry)
}

// appendLater appends the copies put aside, in the order of the rows that they are copies of.
func (g *Grouper) appendLater(carry []int64) []int64 {
	if len(g.later) == 0 {
		return carry
	}
	for _, row := range carry[:len(carry):len(carry)] {
		for range g.later[row] {
			carry = append(carry, row)
		}
	}
	return carry
}

// usable counts the rows that have a label.
func (g *Grouper) usable() (n int64) {
	for _, label := range g.label {
		if label >= 0 {
			n++
		}
	}
	return n
}

// Stats returns the counts since Reset.
func (g *Grouper) Stats() GroupStats { return g.stats }

// place puts a row into its bucket, or aside where a copy of it waits; it reports whether that filled a block.
func (g *Grouper) place(row int64) bool {
	word, bit := row>>6, uint64(1)<<(row&63)
	if g.present[word]&bit != 0 {
		g.later[row]++
		return false
	}
	g.present[word] |= bit
	bucket := g.bucketOf[g.label[row]]
	rows := g.buckets[bucket]
	if rows == nil {
		rows = g.buffer()
	}
	rows = append(rows, row)
	if len(rows) < g.blockRows {
		g.buckets[bucket] = rows
		return false
	}
	g.buckets[bucket] = nil
	g.waiting = append(g.waiting, block{bucket, rows})
	if g.perGroup[bucket]++; g.perGroup[bucket] == 1 {
		g.distinct++
	}
	return true
}

func (g *Grouper) buffer() []int64 {
	if n := len(g.spare); n > 0 {
		rows := g.spare[n-1]
		g.spare = g.spare[:n-1]
		return rows
	}
	return make([]int64, 0, g.blockRows)
}

// settle makes batches as long as G groups have a block, or as most blocks wait and so must go.
func (g *Grouper) settle(most int) {
	for g.distinct >= g.groups || len(g.waiting) >= most {
		batch := g.take()
		g.ready = append(g.ready, batch)
		g.release(batch)
	}
}

// take moves G waiting blocks into a batch: the oldest of each group, then the oldest of those left.
func (g *Grouper) take() []int64 {
	batch := make([]int64, 0, g.groups*g.blockRows)
	for _, repeat := range []bool{false, true} {
		for i := range g.waiting {
			b := &g.waiting[i]
			again := g.taken[b.bucket] == int32(g.stats.Batches)
			if len(batch) == cap(batch) || b.rows == nil || again != repeat {
				continue
			}
			batch = append(batch, b.rows...)
			g.spare = append(g.spare, b.rows[:0])
			b.rows = nil
			g.leave(b.bucket, repeat)
		}
	}
	g.waiting = slices.DeleteFunc(g.waiting, func(b block) bool { return b.rows == nil })
	g.stats.Batches++
	g.stats.Waiting -= int64(len(batch))
	return batch
}

// leave counts a block of the bucket that goes into the batch being made.
func (g *Grouper) leave(bucket int32, repeat bool) {
	if g.perGroup[bucket]--; g.perGroup[bucket] == 0 {
		g.distinct--
	}
	g.taken[bucket] = int32(g.stats.Batches)
	g.stats.Drawn[bucket]++
	if repeat {
		g.stats.Repeats++
	}
}

// release lets copies that were put aside follow the rows of a batch that left.
func (g *Grouper) release(batch []int64) {
	for _, row := range batch {
		g.present[row>>6] &^= 1 << (row & 63)
		if n := g.later[row]; n > 1 {
			g.later[row] = n - 1
			g.place(row)
		} else if n == 1 {
			delete(g.later, row)
			g.place(row)
		}
	}
}
