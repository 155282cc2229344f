package mcl

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mclclip/mclclip/data"
)

// sharing gives so many rows of n one caption each, and every third row an image in common with as many.
func sharing(n, each int) *data.Duplicates {
	r := rand.New(rand.NewPCG(9, 9))
	classes := map[int64]data.Classes{}
	for i, row := range r.Perm(n)[:n/each*each] {
		classes[int64(row)] = data.Classes{Caption: 1 + int32(i/each)}
	}
	for i, row := range r.Perm(n)[:n/3/each*each] {
		c := classes[int64(row)]
		c.Image = int32(n + 1 + i/each)
		classes[int64(row)] = c
	}
	return data.NewDuplicates(classes)
}

// together counts the rows of a batch that stand behind one of their own image or caption in a block.
func together(batch []int64, block int, d *data.Duplicates) (n int64) {
	for rows := range slices.Chunk(batch, block) {
		seen := map[int32]bool{}
		for _, row := range rows {
			c := d.Of(row)
			if c.Caption != 0 && seen[c.Caption] || c.Image != 0 && seen[c.Image] {
				n++
			}
			seen[c.Caption], seen[c.Image] = true, true
		}
	}
	return n
}

func TestRowsThatShareAreKeptOutOfABlock(t *testing.T) {
	s := settings[1]
	labels, of := s.rows()
	for _, each := range []int{2, 3, 50} {
		d := sharing(len(labels), each)
		count := func(known *data.Duplicates) (met int64, batches int) {
			g, err := NewGrouper(labels, of, s.batch, s.groups, known)
			if err != nil {
				t.Fatal(err)
			}
			var carry []int64
			for number := range uint64(8) {
				var made [][]int64
				made, carry = epoch(g, carry, 7, number)
				for _, batch := range made {
					met += together(batch, s.batch/s.groups, d)
				}
				batches += len(made)
			}
			return met, batches
		}
		met, batches := count(d)
		unknown, all := count(nil)
		if met*10 > unknown || batches < all*9/10 { // at the end of an epoch a few fill the last block of a group
			t.Errorf("%d rows share: %d meet in %d batches; without looking %d in %d", each, met, batches, unknown, all)
		}
		if unknown < 50 {
			t.Errorf("%d rows share: %d would meet anyway: this test shows nothing", each, unknown)
		}
	}
}

// Whatever is shared, batches go on, none has a row twice, each row is used once an epoch or waits, and what meets is counted.
func TestSharedRowsLoseNoRowAndNoBatch(t *testing.T) {
	for _, s := range settings {
		for _, each := range []int{2, 7, len(mustRows(s))} {
			t.Run(fmt.Sprintf("%s, %d share", s.name, each), func(t *testing.T) {
				labels, of := s.rows()
				d := sharing(len(labels), each)
				g, err := NewGrouper(labels, of, s.batch, s.groups, d)
				if err != nil {
					t.Fatal(err)
				}
				used := make([]int, len(labels))
				var carry []int64
				for number := range uint64(60) {
					var batches [][]int64
					batches, carry = epoch(g, carry, 3, number)
					if _, err := checkBatches(batches, func(row int64) int32 { return labels[row] }, s.batch, s.groups); err != nil {
						t.Fatalf("epoch %d: %v", number, err)
					}
					met := int64(0)
					for _, batch := range batches {
						met += together(batch, s.batch/s.groups, d)
					}
					waiting := together(carry, len(carry)+1, d) // of blocks that are full and wait some may be counted already
					if got := g.Stats().Together; got < met || got > met+waiting {
						t.Errorf("epoch %d: %d rows met, %d counted", number, met, got)
					}
					if len(batches) == 0 {
						t.Fatalf("epoch %d has no batch", number)
					}
					given := usedOrWaiting(used, slices.Concat(batches...), carry)
					for row, n := range given {
						if want := int(number) + 1; labels[row] >= 0 && n != want {
							t.Fatalf("epoch %d: row %d was used or waits %d times, want %d", number, row, n, want)
						}
					}
				}
				if limit := (len(s.sizes)+s.groups)*s.batch/s.groups + s.batch; len(carry) > limit {
					t.Errorf("%d rows wait, want at most %d: they pile up", len(carry), limit)
				}
			})
		}
	}
}

func mustRows(s setting) []int32 {
	labels, _ := s.rows()
	return labels
}

// usedOrWaiting adds the rows of an epoch's batches to used and returns how often each row was used or waits.
func usedOrWaiting(used []int, batches, carry []int64) []int {
	for _, row := range batches {
		used[row]++
	}
	given := slices.Clone(used)
	for _, row := range carry {
		given[row]++
	}
	return given
}
