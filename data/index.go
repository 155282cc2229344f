package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// listed is how many skipped rows Skips returns at most.
const listed = 1000

// Index says which rows of a Source can be used: one bit a row. It is safe for many goroutines once made.
type Index struct {
	source  *Source
	checker string
	good    []uint64 // bit by row
	usable  int64
	counts  map[string]int64 // rows left out, by reason
	skips   *skipList

	duplicates *Duplicates
}

func newIndex(s *Source, checker, tempDir string) *Index {
	return &Index{
		source: s, checker: checker,
		good:   make([]uint64, (s.Rows()+63)/64),
		counts: map[string]int64{},
		skips:  newSkipList(tempDir),
	}
}

// enter notes the next row as usable, or as skipped where skip has a reason.
func (x *Index) enter(skip Skip) error {
	if skip.Reason == "" {
		x.good[skip.Row>>6] |= 1 << (skip.Row & 63)
		x.usable++
		return nil
	}
	x.counts[skip.Reason]++
	shard, local := x.source.Locate(skip.Row)
	skip.Shard, skip.Local = x.source.shards[shard].Path, local
	return x.skips.add(skip)
}

// Source returns the source that was scanned.
func (x *Index) Source() *Source { return x.source }

// Checker returns ScanConfig.Checker.
func (x *Index) Checker() string { return x.checker }

// Usable returns the number of rows that can be used.
func (x *Index) Usable() int64 { return x.usable }

// Good reports whether a row can be used.
func (x *Index) Good(row int64) bool { return x.good[row>>6]>>(row&63)&1 == 1 }

// Counts returns the number of skipped rows by reason.
func (x *Index) Counts() map[string]int64 { return maps.Clone(x.counts) }

// Duplicates returns the usable rows whose image or caption is that of another usable row; nil where an older version, which did not look
// for them, made the index.
func (x *Index) Duplicates() *Duplicates { return x.duplicates }

// Fingerprint identifies the content of the shards and the set of usable rows.
func (x *Index) Fingerprint() string {
	sum := sha256.New()
	sum.Write([]byte(x.source.fingerprint))
	word := make([]byte, 8)
	for _, bits := range x.good {
		binary.LittleEndian.PutUint64(word, bits)
		sum.Write(word)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// summary lists the counts, the largest first.
func (x *Index) summary() string {
	reasons := slices.SortedFunc(maps.Keys(x.counts), func(a, b string) int {
		if x.counts[a] != x.counts[b] {
			return int(x.counts[b] - x.counts[a])
		}
		return strings.Compare(a, b)
	})
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("%d %s", x.counts[reason], reason)
	}
	return strings.Join(reasons, ", ")
}

// goodRows returns the usable rows of a segment in order.
func (x *Index) goodRows(seg *segment) []int64 {
	rows := make([]int64, 0, seg.rows)
	for row := seg.first; row < seg.first+seg.rows; row++ {
		if x.Good(row) {
			rows = append(rows, row)
		}
	}
	return rows
}
