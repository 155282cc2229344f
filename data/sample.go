package data

import "maps"

// Sample returns an index of about n of the usable rows, all where there are no more: runs of consecutive usable rows, spread evenly
// over the source, so that few row groups are read.
func (x *Index) Sample(n, run int64) *Index {
	if n >= x.usable {
		return x
	}
	run = max(1, min(run, n))
	runs := (n + run - 1) / run
	some := &Index{source: x.source, checker: x.checker, good: make([]uint64, len(x.good)), counts: maps.Clone(x.counts), skips: x.skips}
	place, next := int64(0), int64(0) // number of the usable row; number of the run
	for row := range x.source.Rows() {
		if !x.Good(row) {
			continue
		}
		if start := next * x.usable / runs; next < runs && place >= start {
			some.good[row>>6] |= 1 << (row & 63)
			some.usable++
			if place == start+run-1 {
				next++
			}
		}
		place++
	}
	return some
}
