package jpeg

// fastBytes is how many bytes a block can take at most, with what is read ahead.
const fastBytes = 512

// sequentialMCU decodes an MCU of a sequential scan (T.81, F.2). Like libjpeg-turbo it reads ahead in two ways, because
// whether the end of the data is met depends on it.
func (d *decoder) sequentialMCU() {
	s := &d.scan
	if d.insufficient {
		return
	}
	if d.restartInterval == 0 && d.marker == 0 && len(d.data)-d.at >= fastBytes*s.count {
		before, at, predicted := d.bits, d.at, s.predicted
		if d.fastMCU() {
			return
		}
		d.bits, d.at, s.predicted = before, at, predicted
	}
	for i, b := range s.blocks[:s.count] {
		owner := s.owner[i]
		s.predicted[owner] += d.value(d.symbol(s.dc[owner]))
		b[0] = int16(s.predicted[owner])
		d.sequentialAC(b, s.ac[owner])
	}
}

func (d *decoder) sequentialAC(b *block, table *huffman) {
	for k := 1; k < 64; k++ {
		symbol := d.symbol(table)
		run, category := symbol>>4, symbol&15
		if category == 0 {
			if run != 15 {
				return
			}
			k += 15
			continue
		}
		k += run
		b[zigzag[k]] = int16(d.value(category))
	}
}

// fastMCU does the same far from the end of the data; it is false where it met a marker.
func (d *decoder) fastMCU() bool {
	s := &d.scan
	for i, b := range s.blocks[:s.count] {
		owner := s.owner[i]
		difference, ok := d.fastBlock(b, s.dc[owner], s.ac[owner])
		if !ok {
			return false
		}
		s.predicted[owner] += difference
		b[0] = int16(s.predicted[owner])
	}
	return true
}

// fastBlock decodes a block and returns the difference of its DC.
func (d *decoder) fastBlock(b *block, dc, ac *huffman) (difference int32, ok bool) {
	in, at, data := d.bits, d.at, d.data
	symbol, table := uint(0), dc
	for k := 0; k < 64; k++ {
		if in.n <= 16 {
			if in, at, ok = refill(data, in, at); !ok {
				return 0, false
			}
		}
		found := table.lookup[uint8(in.acc>>(uint(in.n-lookahead)&63))]
		if found>>8 <= lookahead {
			in.n -= int(found >> 8)
			symbol = uint(found & 255)
		} else {
			symbol = in.long(table)
		}
		category := symbol & 15
		if category == 0 {
			if k > 0 && symbol != 0xF0 {
				break
			}
			k += int(symbol >> 4)
			table = ac
			continue
		}
		k += int(symbol >> 4)
		if in.n <= 16 {
			if in, at, ok = refill(data, in, at); !ok {
				return 0, false
			}
		}
		in.n -= int(category)
		v := extend(int32(in.acc>>(uint(in.n)&63))&(1<<category-1), category)
		if k == 0 {
			difference, table = v, ac
			continue
		}
		b[zigzag[k]] = int16(v)
	}
	d.bits, d.at = in, at
	return difference, true
}

// long reads a code that the lookup does not know; there must be 17 bits.
func (in *bits) long(t *huffman) uint {
	length := lookahead + 1
	take := func(n int) int32 {
		in.n -= n
		return int32(in.acc>>(uint(in.n)&63)) & (1<<uint(n) - 1)
	}
	code := take(length)
	for code > t.highest[length] {
		code = code<<1 | take(1)
		length++
	}
	if length > 16 {
		return 0
	}
	return uint(t.symbols[uint8(code+t.offset[length])])
}
