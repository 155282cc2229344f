package data

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// levels decodes a level for each of n values.
func levels(memory *[]uint8, body []byte, most uint8, n int) ([]uint8, error) {
	if most == 0 {
		return nil, nil
	}
	*memory = (*memory)[:0]
	err := runs(body, bits.Len8(most), n, func(level uint32, count int) error {
		if level > uint32(most) {
			return fmt.Errorf("level %d of at most %d: the page is damaged", level, most)
		}
		for range count {
			*memory = append(*memory, uint8(level))
		}
		return nil
	})
	return *memory, err
}

// runs decodes n numbers of the hybrid of run lengths and bit packing.
func runs(body []byte, width, n int, do func(number uint32, count int) error) error {
	bytes := (width + 7) / 8
	for n > 0 {
		head, used := binary.Uvarint(body)
		if width == 0 && len(body) == 0 {
			return do(0, n) // some writers leave out what is always zero
		}
		if used <= 0 || head>>1 == 0 {
			return errShortPage
		}
		body = body[used:]
		if head&1 == 0 {
			if len(body) < bytes {
				return errShortPage
			}
			var word [8]byte
			copy(word[:], body[:bytes])
			count := min(uint64(n), head>>1)
			if err := do(uint32(binary.LittleEndian.Uint64(word[:])), int(count)); err != nil {
				return err
			}
			body, n = body[bytes:], n-int(count)
			continue
		}
		if head>>1 > uint64(len(body)) && width > 0 {
			return errShortPage
		}
		used, err := unpackBits(body, width, int(min(uint64(n), head>>1*8)), do)
		if err != nil {
			return err
		}
		n -= int(min(uint64(n), head>>1*8))
		body = body[max(used, min(int(head>>1)*width, len(body))):]
	}
	return nil
}

// unpackBits decodes n bit-packed numbers, and returns the bytes that they take.
func unpackBits(body []byte, width, n int, do func(number uint32, count int) error) (used int, err error) {
	used = (n*width + 7) / 8
	if used > len(body) {
		return 0, errShortPage
	}
	mask := uint64(1)<<width - 1
	held, have, at := uint64(0), 0, 0
	for range n {
		for have < width {
			held |= uint64(body[at]) << have
			have += 8
			at++
		}
		if err := do(uint32(held&mask), 1); err != nil {
			return 0, err
		}
		held >>= width
		have -= width
	}
	return used, nil
}
