package mcl

import (
	"fmt"

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
// A row whose image or caption another row of the block has is put aside as well, until the block is full; when many wait, or
// would fill the last block of an epoch, they meet. Rows of different blocks are no negatives of each other.
//
// The batches depend on the rows added since Reset and on nothing else. A Grouper is for one goroutine.
type Grouper struct {
	label     []int32 // by row
	bucketOf  []int32 // by label; Unusable where the label has no pairs
	groups    int     // G
	blockRows int     // b/G
	rows      int     // that have a label
	mayWait   []int   // by bucket: rows that may be put aside, half of a block at most, and half of what a block leaves of the group
	most      int     // blocks in waiting at which a batch may take several of a group

	buckets    []bucket
	waiting    []block // full blocks, oldest first
	duplicates *data.Duplicates
	perGroup   []int32       // by bucket: blocks in waiting
	distinct   int           // buckets with a block in waiting
	present    []uint64      // bit by row: the row is in a bucket or in waiting
	later      map[int64]int // copies put aside while an earlier copy of the row waits
	copies     int           // of all rows in later
	ready      [][]int64     // batches that Next has not handed out
	taken      []int32       // by bucket: the batch that last took a block, to tell repeats
	spare      [][]int64     // buffers of blocks that left
	stats      GroupStats
}

var _ data.Grouper = (*Grouper)(nil)

// block is b/G rows of one group.
type block struct {
	bucket int32
	rows   []int64
}

// bucket is the block of a group that is being filled.
type bucket struct {
	rows   []int64
	apart  data.Apart // images and captions of rows
	aside  []int64    // rows that wait because theirs is among them
	copies int        // rows of the group in later
}

// GroupStats counts what a Grouper did since Reset.
type GroupStats struct {
	Batches  int64
	Repeats  int64   // blocks in a batch that already held a block of their group
	Waiting  int64   // rows that wait now, copies put aside included
	Together int64   // rows in a block with a row of the same image or caption
	Unusable int64   // rows that were left out because they have no label
	Drawn    []int64 // blocks that left, by group in the order of Groups
}

// NewGrouper returns a Grouper for global batches of batch rows in groups blocks. labels holds each row's label, of maps labels to groups
// (Groups.Of); rows that share an image or a caption (nil: none) are kept apart. None is copied. The error says why no batch could be
// made: the data hold too few full blocks.
func NewGrouper(labels []int32, of []int32, batch, groups int, duplicates *data.Duplicates) (*Grouper, error) {
	g := &Grouper{label: labels, groups: groups, duplicates: duplicates}
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
	g.rows = int(usable)
	blocks := int64(0)
	for bucket, size := range sizes {
		if size < int64(g.blockRows) || lacks(size, usable, batch, groups) > 0 {
			return nil, fmt.Errorf("group %d of %d has %d of %d pairs, too few full blocks of %d for its share of a batch: merge small labels first",
				bucket, count, size, usable, g.blockRows)
		}
		blocks += size / int64(g.blockRows)
		wait := min(g.blockRows, int(size)-g.blockRows) / 2
		if usable < waitingBatches*int64(batch) {
			wait = 0 // so few rows that a group could hold up all others
		}
		g.mayWait = append(g.mayWait, wait)
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
	g.buckets = make([]bucket, len(g.perGroup))
	for i := range g.buckets {
		g.buckets[i].apart = data.NewApart(g.duplicates)
	}
	g.waiting, g.ready, g.spare = nil, nil, nil
	g.distinct, g.later, g.copies = 0, make(map[int64]int), 0
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
	for again := true; again; {
		again = false
		for i := range g.buckets {
			if b := &g.buckets[i]; len(b.rows)+len(b.aside) >= g.blockRows {
				g.joinAside(int32(i), true)
				again = true // copies of the rows of a block that leaves may fill another
			}
		}
		g.settle(g.groups)
	}
	for _, b := range g.waiting {
		carry = append(carry, b.rows...)
	}
	for i := range g.buckets {
		carry = append(append(carry, g.buckets[i].rows...), g.buckets[i].aside...)
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

// Stats returns the counts since Reset.
func (g *Grouper) Stats() GroupStats { return g.stats }
