package embedding

import (
	"encoding/binary"
	"math"
)

const halfInf = 0x7c00 // the bits of float16's infinity

// toFloat16 returns the bits of the IEEE 754 half-precision number nearest to f; of two equally near the even one.
func toFloat16(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits>>16) & 0x8000
	bits &= 0x7fffffff
	switch {
	case bits > 0x7f800000: // NaN
		return sign | 0x7e00
	case bits >= 0x477ff000: // from 65520 on, half way between the largest number and what would come next
		return sign | halfInf
	case bits < 0x38800000: // below 2^-14: a multiple of 2^-24, which is the spacing of float32 from 0.5 to 1
		return sign | uint16(math.Float32bits(math.Float32frombits(bits)+0.5)-math.Float32bits(0.5))
	}
	bits += 0xfff + bits>>13&1               // round the 13 bits that go; a carry into the exponent is right
	return sign | uint16((bits>>13)-112<<10) // the exponent's bias goes from 127 to 15
}

// appendVector appends the little-endian numbers of v.
func (m Meta) appendVector(to []byte, v []float32) []byte {
	for _, x := range v {
		if m.DType == Float16 {
			to = binary.LittleEndian.AppendUint16(to, toFloat16(x))
		} else {
			to = binary.LittleEndian.AppendUint32(to, math.Float32bits(x))
		}
	}
	return to
}

// fromFloat16 returns the number that the bits of a half-precision number stand for.
func fromFloat16(h uint16) float32 {
	sign, exponent, fraction := uint32(h&0x8000)<<16, uint32(h>>10)&0x1f, uint32(h&0x3ff)
	switch exponent {
	case 0: // a multiple of 2^-24
		x := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(x) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
