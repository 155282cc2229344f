package mcl

import "slices"

// place puts a row into its bucket, or aside where a copy of it waits; it reports whether that filled a block.
func (g *Grouper) place(row int64) bool {
	word, bit := row>>6, uint64(1)<<(row&63)
	if g.present[word]&bit != 0 {
		g.later[row]++
		g.count(row, 1)
		return false
	}
	g.present[word] |= bit
	return g.join(g.bucketOf[g.label[row]], row, false)
}

// join puts a row into the block of its bucket, or aside where the block has its image or caption and it need not meet them.
func (g *Grouper) join(number int32, row int64, must bool) bool {
	to := &g.buckets[number]
	if !to.apart.Join(row) {
		if !must && !g.behind(to) {
			to.aside = append(to.aside, row)
			if len(to.aside) <= g.mayWait[number] {
				return false
			}
			row, to.aside = to.aside[0], to.aside[1:] // the one that has waited longest
		}
		to.apart.Force(row)
		g.stats.Together++
	}
	if to.rows == nil {
		to.rows = g.buffer()
	}
	to.rows = append(to.rows, row)
	if len(to.rows) < g.blockRows {
		return false
	}
	g.waiting = append(g.waiting, block{number, to.rows})
	if g.perGroup[number]++; g.perGroup[number] == 1 {
		g.distinct++
	}
	to.rows = nil
	to.apart.Clear()
	g.joinAside(number, false)
	return true
}

// count notes that a copy of a row was put aside (1) or left (-1).
func (g *Grouper) count(row int64, n int) {
	g.copies += n
	g.buckets[g.bucketOf[g.label[row]]].copies += n
}

// behind reports whether so many copies wait, a block of the group or half an epoch of all, that putting more rows aside might make them
// pile up from epoch to epoch.
func (g *Grouper) behind(b *bucket) bool {
	return b.copies >= g.blockRows || 2*g.copies >= g.rows
}

// joinAside lets the rows that were put aside into the block that is being filled now.
func (g *Grouper) joinAside(number int32, must bool) {
	rows := g.buckets[number].aside
	g.buckets[number].aside = nil
	for _, row := range rows {
		g.join(number, row, must)
	}
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
		n := g.later[row]
		if n == 0 {
			continue
		}
		if g.later[row] = n - 1; n == 1 {
			delete(g.later, row)
		}
		g.count(row, -1)
		g.place(row)
	}
}
