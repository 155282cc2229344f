package data

import (
	"context"
	"iter"
	"slices"
)

// Pair is one row as it lies in a shard.
type Pair struct {
	Row      int64
	Image    []byte   // encoded; nil for NULL; valid until the next pair
	Captions []string // without NULL and blank ones
	Key      string   // empty without a key column
}

// Pairs yields all rows of the source in order, usable or not, until an error or the end.
func (s *Source) Pairs(ctx context.Context) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		r := reader{source: s, images: true, meta: true}
		defer r.close()
		for i := range s.segments {
			seg := &s.segments[i]
			err := r.read(ctx, seg, rowsFrom(seg.first, seg.rows), func(p *pairRow) error {
				pair := Pair{Row: p.number, Image: p.image, Captions: slices.Clone(p.captions), Key: p.key}
				if !yield(pair, nil) {
					return errStopped
				}
				return nil
			})
			if err == errStopped {
				return
			}
			if err != nil {
				yield(Pair{}, err)
				return
			}
		}
	}
}

// rowsFrom returns the numbers of n consecutive rows.
func rowsFrom(first, n int64) []int64 {
	rows := make([]int64, n)
	for i := range rows {
		rows[i] = first + int64(i)
	}
	return rows
}
