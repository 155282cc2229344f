package jpeg

import "fmt"

// startProgressive checks what a scan adds to which coefficients (T.81, G.1.1.1). Contradictions between scans are no
// errors, as in libjpeg.
func (d *decoder) startProgressive(body []byte, high int) error {
	s := &d.scan
	isDC := s.first == 0
	bad := isDC && s.last != 0 || !isDC && (s.first > s.last || s.last > 63 || len(s.components) != 1)
	if bad || high != 0 && int(s.shift) != high-1 || s.shift > 13 {
		return fmt.Errorf("a scan of coefficients %d to %d, bits %d to %d", s.first, s.last, high, s.shift)
	}
	for _, c := range s.components {
		for k := min(s.first, 1); k <= max(s.last, 9); k++ {
			c.before[k] = c.pending[k]
			if d.scans == 1 {
				c.before[k] = 0
			}
		}
		for k := s.first; k <= s.last; k++ {
			c.pending[k] = int8(s.shift)
		}
	}
	switch {
	case isDC && s.refine:
		s.mcu = (*decoder).refineDC
		return nil
	case isDC:
		s.mcu = (*decoder).firstDC
	case s.refine:
		s.mcu = (*decoder).refineAC
	default:
		s.mcu = (*decoder).firstAC
	}
	return d.deriveTables(body, isDC, !isDC)
}

func (d *decoder) firstDC() {
	s := &d.scan
	if d.insufficient {
		return
	}
	for i, b := range s.blocks[:s.count] {
		owner := s.owner[i]
		sum := int64(s.predicted[owner]) + int64(d.value(d.symbol(s.dc[owner])))
		s.overflow = s.overflow || sum != int64(int32(sum))
		s.predicted[owner] = int32(sum)
		b[0] = int16(int32(sum) << s.shift)
	}
}

func (d *decoder) refineDC() {
	s := &d.scan
	for _, b := range s.blocks[:s.count] {
		if d.take(1) != 0 {
			b[0] |= 1 << s.shift
		}
	}
}

func (d *decoder) firstAC() {
	s, b := &d.scan, d.scan.blocks[0]
	if d.insufficient {
		return
	}
	if s.endOfBand > 0 {
		s.endOfBand--
		return
	}
	for k := s.first; k <= s.last; k++ {
		symbol := d.symbol(s.ac[0])
		run, category := symbol>>4, symbol&15
		switch {
		case category != 0:
			k += run
			b[zigzag[k]] = int16(d.value(category) << s.shift)
		case run == 15:
			k += 15
		default:
			s.endOfBand = 1<<run + int(d.take(run)) - 1
			return
		}
	}
}

// refineAC gives one more bit to the coefficients that are not zero, and sets new ones between them (T.81, G.1.2.3).
func (d *decoder) refineAC() {
	s, b := &d.scan, d.scan.blocks[0]
	if d.insufficient {
		return
	}
	k := s.first
	for ; s.endOfBand == 0 && k <= s.last; k++ {
		symbol := d.symbol(s.ac[0])
		run, fresh := symbol>>4, int16(0)
		if symbol&15 != 0 {
			fresh = -1 << s.shift
			if d.take(1) != 0 {
				fresh = 1 << s.shift
			}
		} else if run != 15 {
			s.endOfBand = 1<<run + int(d.take(run))
			break
		}
		k = d.refineRun(b, k, run)
		if fresh != 0 {
			b[zigzag[k]] = fresh
		}
	}
	if s.endOfBand > 0 {
		d.refineRun(b, k, 64)
		s.endOfBand--
	}
}

// refineRun refines from k on up to the zero after run others, and returns its place.
func (d *decoder) refineRun(b *block, k, run int) int {
	s := &d.scan
	bit := int16(1) << s.shift
	for ; k <= s.last; k++ {
		v := &b[zigzag[k]]
		if *v == 0 {
			if run--; run < 0 {
				return k
			}
			continue
		}
		if d.take(1) == 0 || *v&bit != 0 {
			continue
		}
		if *v >= 0 {
			*v += bit
		} else {
			*v -= bit
		}
	}
	return k
}
