package mcl

import (
	"fmt"
	"math"
)

// unset marks rows for which the file has given nothing yet.
const unset int32 = math.MinInt32

// rowFinder finds rows by shard fingerprint and place. Shards of equal content share a fingerprint; their rows are
// taken one shard after the other.
type rowFinder struct {
	shards []Shard
	first  []int64          // row number of a shard's first row
	by     map[string][]int // fingerprint -> shards
	last   string           // of the row before, mostly the same
	found  []int
}

func newRowFinder(shards []Shard) *rowFinder {
	f := &rowFinder{shards: shards, by: make(map[string][]int)}
	first := int64(0)
	for i, shard := range shards {
		f.first = append(f.first, first)
		first += shard.Rows
		f.by[shard.Fingerprint] = append(f.by[shard.Fingerprint], i)
	}
	return f
}

func (f *rowFinder) store(labels *Labels, r labelRow, limit int64) error {
	if f.found == nil || r.Shard != f.last {
		f.last, f.found = r.Shard, f.by[r.Shard]
	}
	if f.found == nil {
		return fmt.Errorf("shard %s is not in the data set", r.Shard)
	}
	if !consistent(r, labels.Clusters, limit) {
		return fmt.Errorf("shard %s: row %d: cluster %d and label %d do not go together", r.Shard, r.Row, r.Cluster, r.Label)
	}
	for _, shard := range f.found {
		if r.Row < 0 || r.Row >= f.shards[shard].Rows {
			return fmt.Errorf("shard %s has %d rows, the file names row %d", r.Shard, f.shards[shard].Rows, r.Row)
		}
		if slot := &labels.ByRow[f.first[shard]+r.Row]; *slot == unset {
			*slot = r.Label
			return nil
		}
	}
	return fmt.Errorf("shard %s: row %d is given twice", r.Shard, r.Row)
}

func consistent(r labelRow, clusters int, limit int64) bool {
	if r.Label < 0 {
		return r.Label == Unusable && r.Cluster == Unusable
	}
	return int64(r.Label) < limit && r.Label%int32(clusters) == r.Cluster
}

func (f *rowFinder) missing(labels *Labels) error {
	missing, first := 0, -1
	for row, label := range labels.ByRow {
		if label == unset {
			missing++
			if first < 0 {
				first = row
			}
		}
	}
	if missing == 0 {
		return nil
	}
	shard := 0
	for shard+1 < len(f.first) && f.first[shard+1] <= int64(first) {
		shard++
	}
	return fmt.Errorf("%d of %d rows have no label, the first is row %d of shard %s: make the labels again",
		missing, len(labels.ByRow), int64(first)-f.first[shard], f.shards[shard].Fingerprint)
}
