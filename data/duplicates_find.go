package data

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math/bits"
	"slices"
	"strings"
)

// slotsPerRow is the size of the finder's tables: with 8 slots a row one of eight rows meets another's slot by chance, and its hash is
// compared with the others of that kind.
const slotsPerRow = 8

// finderInMemory is what the hashes take in memory before they go to a file, in bytes.
const finderInMemory = 1 << 20

// duplicateFinder finds equal images and equal captions in one pass over the rows and a second one over their hashes, which
// wait on disk, 24 bytes a row. In memory it holds 4 bytes a row of the source, in the end 2 more, and what it finds.
type duplicateFinder struct {
	seed    maphash.Seed
	slots   uint64
	tables  [2]seenTwice // of images, of captions
	records overflow     // row, hash of the image, hash of the caption
}

// seenTwice notes which slots were met, and which again.
type seenTwice struct{ once, again []uint64 }

// pairHash holds the hashes of an image and of its captions.
type pairHash [2]uint64

func newDuplicateFinder(rows int64, tempDir string) *duplicateFinder {
	f := &duplicateFinder{seed: maphash.MakeSeed(), slots: uint64(max(rows, 1)) * slotsPerRow}
	f.records = overflow{dir: tempDir, pattern: "mclclip-hashes-*", limit: finderInMemory}
	for kind := range f.tables {
		words := (f.slots + 63) / 64
		f.tables[kind] = seenTwice{make([]uint64, words), make([]uint64, words)}
	}
	return f
}

// hash returns the hashes of a pair. Captions that differ in case or in spaces alone are the same tokens, and have one hash.
func (f *duplicateFinder) hash(image []byte, captions []string) pairHash {
	var h maphash.Hash
	h.SetSeed(f.seed)
	for _, caption := range captions {
		for word := range strings.FieldsSeq(strings.ToLower(caption)) {
			h.WriteString(word)
			h.WriteByte(' ')
		}
		h.WriteByte('\n')
	}
	return pairHash{maphash.Bytes(f.seed, image), h.Sum64()}
}

// note takes the hashes of the next usable row.
func (f *duplicateFinder) note(row int64, hashes pairHash) error {
	var record [24]byte
	binary.LittleEndian.PutUint64(record[:], uint64(row))
	for kind, hash := range hashes {
		binary.LittleEndian.PutUint64(record[8+8*kind:], hash)
		word, bit := f.slot(hash)
		if t := f.tables[kind]; t.once[word]&bit != 0 {
			t.again[word] |= bit
		} else {
			t.once[word] |= bit
		}
	}
	if _, err := f.records.Write(record[:]); err != nil {
		return fmt.Errorf("hashes of the pairs: %w", err)
	}
	return nil
}

func (f *duplicateFinder) slot(hash uint64) (word, bit uint64) {
	slot, _ := bits.Mul64(hash, f.slots)
	return slot >> 6, 1 << (slot & 63)
}

// find returns the rows that share an image or a caption. The finder is spent.
func (f *duplicateFinder) find() (*Duplicates, error) {
	defer f.records.close()
	var shared [2][]uint64 // hashes that more than one row has, ascending
	err := f.each(func(_ int64, hashes pairHash) {
		for kind, hash := range hashes {
			if word, bit := f.slot(hash); f.tables[kind].again[word]&bit != 0 {
				shared[kind] = append(shared[kind], hash)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	var classes [2][]int32 // by place in shared; in the order of the rows, so that they do not depend on the hashes
	for kind := range shared {
		shared[kind] = repeated(shared[kind])
		classes[kind] = make([]int32, len(shared[kind]))
	}
	d, last := &Duplicates{}, int32(0)
	err = f.each(func(row int64, hashes pairHash) {
		var own [2]int32
		for kind, hash := range hashes {
			at, found := slices.BinarySearch(shared[kind], hash)
			if !found {
				continue
			}
			if classes[kind][at] == 0 {
				last++
				classes[kind][at] = last
			}
			own[kind] = classes[kind][at]
		}
		if own != [2]int32{} {
			d.rows, d.classes = append(d.rows, row), append(d.classes, Classes{own[0], own[1]})
		}
	})
	return d, err
}

// repeated returns each value that stands in the list more than once, ascending; the list is overwritten.
func repeated(list []uint64) []uint64 {
	slices.Sort(list)
	out := list[:0]
	for i := 1; i < len(list); i++ {
		if v := list[i]; v == list[i-1] && (len(out) == 0 || out[len(out)-1] != v) {
			out = append(out, v)
		}
	}
	return out
}

// each goes over the rows that were noted, in order.
func (f *duplicateFinder) each(do func(row int64, hashes pairHash)) error {
	all, err := f.records.reader()
	if err != nil {
		return fmt.Errorf("hashes of the pairs: %w", err)
	}
	buffered := bufio.NewReaderSize(all, 1<<16)
	var record [24]byte
	for {
		switch _, err := io.ReadFull(buffered, record[:]); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("hashes of the pairs: %w", err)
		}
		word := func(i int) uint64 { return binary.LittleEndian.Uint64(record[8*i:]) }
		do(int64(word(0)), pairHash{word(1), word(2)})
	}
}
