package jpeg

import (
	"bytes"
	"encoding/binary"
)

// source reads segments and bits. Past the end of the data, end-of-image markers follow.
type source struct {
	data  []byte
	at    int
	ended bool // something past the end was read
	bits
	marker       byte // was met among the bits and is not yet acted upon
	insufficient bool // a marker came before all bits that were needed; zeros are read from then on
}

type bits struct {
	acc uint64
	n   int // how many of the lower bits of acc are still to be read
}

// nextMarker skips to the next marker.
func (s *source) nextMarker() byte {
	if m := s.marker; m != 0 {
		s.marker = 0
		return m
	}
	for {
		i := bytes.IndexByte(s.data[s.at:], 0xFF)
		if i < 0 {
			s.at, s.ended = len(s.data), true
			return markerEOI
		}
		s.at += i
		if m := s.afterFF(); m != 0 {
			return m
		}
	}
}

// afterFF skips bytes of 0xFF and returns the byte that follows them.
func (s *source) afterFF() byte {
	for s.at < len(s.data) && s.data[s.at] == 0xFF {
		s.at++
	}
	if s.at == len(s.data) {
		s.ended = true
		return markerEOI
	}
	s.at++
	return s.data[s.at-1]
}

// fill reads as many bytes as fit. Where a marker stops it and fewer than need bits are there, zeros follow.
func (s *source) fill(need int) {
	const full = 57
	for s.marker == 0 && s.n < full {
		if s.at == len(s.data) {
			s.ended = true
			s.marker = markerEOI
			break
		}
		c := s.data[s.at]
		if c != 0xFF {
			s.at++
		} else if m := s.afterFF(); m != 0 {
			s.marker = m
			break
		}
		s.acc = s.acc<<8 | uint64(c)
		s.n += 8
	}
	if s.n < need {
		s.insufficient = true
		s.acc <<= uint(full - s.n)
		s.n = full
	}
}

// take reads n bits, 16 at most.
func (s *source) take(n int) int32 {
	if s.n < n {
		s.fill(n)
	}
	s.n -= n
	return int32(s.acc>>(uint(s.n)&63)) & (1<<uint(n) - 1)
}

// symbol reads a Huffman code.
func (s *source) symbol(t *huffman) int {
	if s.n < lookahead {
		if s.fill(0); s.n < lookahead {
			return s.longSymbol(t, 1)
		}
	}
	found := t.lookup[uint8(s.acc>>(uint(s.n-lookahead)&63))]
	if found>>8 > lookahead {
		return s.longSymbol(t, lookahead+1)
	}
	s.n -= int(found >> 8)
	return int(found & 255)
}

// longSymbol reads a code of at least length bits; 0 stands for one that is not in the table.
func (s *source) longSymbol(t *huffman, length int) int {
	code := s.take(length)
	for code > t.highest[length] {
		code = code<<1 | s.take(1)
		length++
	}
	if length > 16 {
		return 0
	}
	return int(t.symbols[uint8(code+t.offset[length])])
}

// value reads a number of the given magnitude category (T.81, F.2.2.1).
func (s *source) value(category int) int32 {
	if category == 0 {
		return 0
	}
	return extend(s.take(category), uint(category))
}

func extend(v int32, category uint) int32 {
	if v < 1<<(category-1) {
		v += -1<<category + 1
	}
	return v
}

// refill adds 6 bytes to bits of which 16 at most are left. It is false where a marker stands among them; at least 14
// bytes must be left.
func refill(data []byte, b bits, at int) (bits, int, bool) {
	word := binary.BigEndian.Uint64(data[at:])
	const ones, tops = 0x0101010101010101, 0x8080808080800000 // of all bytes; of the first six
	if (^word-ones)&word&tops == 0 {                          // no byte is 0xFF, for taking 1 from its complement borrows nowhere
		return bits{b.acc<<48 | word>>16, b.n + 48}, at + 6, true
	}
	for range 6 {
		c := data[at]
		at++
		if c == 0xFF {
			if data[at] != 0 {
				return b, at, false
			}
			at++
		}
		b.acc = b.acc<<8 | uint64(c)
	}
	b.n += 48
	return b, at, true
}
