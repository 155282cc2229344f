package jpeg

import "errors"

// zigzag gives the place of each coefficient in a block. Damaged data can run past the 64th; the rest catches it.
var zigzag = [80]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
}

// huffmanSpec is a table as a file gives it.
type huffmanSpec struct {
	counts  [17]int // codes of each length; [0] is unused
	symbols [256]byte
}

func (d *decoder) huffmanTables(body []byte) error {
	damaged := errors.New("damaged Huffman table")
	for len(body) > 16 {
		spec, total := new(huffmanSpec), 0
		for i := 1; i <= 16; i++ {
			spec.counts[i] = int(body[i])
			total += spec.counts[i]
		}
		class, index := body[0]>>4, body[0]&15
		if total > 256 || total > len(body)-17 || class > 1 || index > 3 {
			return damaged
		}
		copy(spec.symbols[:], body[17:17+total])
		if class == 0 {
			d.dc[index] = spec
		} else {
			d.ac[index] = spec
		}
		body = body[17+total:]
	}
	if len(body) != 0 {
		return damaged
	}
	return nil
}

const lookahead = 8

// huffman is a table made ready for decoding (T.81, annexes C and F.2.2.3).
type huffman struct {
	lookup  [1 << lookahead]uint16 // length of the code << 8 | symbol; the length is lookahead+1 where the code is longer
	highest [18]int32              // largest code of each length, -1 if there is none; [17] ends every search
	offset  [18]int32              // code + offset is the index of the symbol
	symbols [256]byte
}

// derive makes a table ready; nil specs and codes that do not fit their length are errors.
func derive(spec *huffmanSpec, isDC bool) (*huffman, error) {
	if spec == nil {
		return nil, errors.New("a Huffman table is missing")
	}
	t := &huffman{symbols: spec.symbols}
	for i := range t.lookup {
		t.lookup[i] = (lookahead + 1) << 8
	}
	t.highest[17] = 1 << 30
	code, index := int32(0), 0
	for length := 1; length <= 16; length++ {
		t.highest[length] = -1
		t.offset[length] = int32(index) - code
		for range spec.counts[length] {
			if isDC && t.symbols[index] > 15 {
				return nil, errors.New("a Huffman table of DC has symbols of AC")
			}
			t.enter(code, length, t.symbols[index])
			t.highest[length] = code
			code++
			index++
		}
		// A code of ones alone is not allowed.
		if spec.counts[length] > 0 && code >= 1<<length {
			return nil, errors.New("a Huffman table has too many codes")
		}
		code <<= 1
	}
	return t, nil
}

func (t *huffman) enter(code int32, length int, symbol byte) {
	if length > lookahead {
		return
	}
	free := lookahead - length
	for i := range 1 << free {
		if at := int(code)<<free + i; at < len(t.lookup) {
			t.lookup[at] = uint16(length)<<8 | uint16(symbol)
		}
	}
}
