package jpeg

import (
	"errors"
	"fmt"
)

// scan is what the header of a scan says, and the state of its decoding.
type scan struct {
	components []*component
	first      int // first coefficient of the band, in zigzag order
	last       int
	shift      uint // successive approximation: the bit that this scan gives
	refine     bool // it has a higher bit already
	dc, ac     [4]*huffman
	mcu        func(*decoder)

	predicted   [4]int32 // DC of the block before, by component
	toRestart   int      // MCUs until the next restart marker
	nextRestart byte     // its number
	endOfBand   int      // blocks without further coefficients that are still to come
	overflow    bool     // a coefficient that libjpeg refuses

	count  int // blocks of an MCU
	blocks [mostBlocks]*block
	owner  [mostBlocks]uint8 // indices of components
}

// startOfScan reads the header of a scan and prepares its decoding.
func (d *decoder) startOfScan(body []byte) error {
	d.scans++
	d.scan = scan{toRestart: d.restartInterval}
	if err := d.scanComponents(body); err != nil {
		return err
	}
	s, spec := &d.scan, body[len(body)-3:]
	s.first, s.last = int(spec[0]), int(spec[1])
	high, low := spec[2]>>4, spec[2]&15
	s.shift, s.refine = uint(low), high != 0
	if s.count > mostBlocks {
		return fmt.Errorf("%d blocks in an MCU", s.count)
	}
	for _, c := range s.components {
		if c.quant == nil {
			if c.quantIndex > 3 || d.quant[c.quantIndex] == nil {
				return errors.New("a quantisation table is missing")
			}
			c.quant = d.quant[c.quantIndex]
		}
	}
	d.bits, d.insufficient = bits{}, false
	if !d.frame.progressive {
		if d.scans == 1 {
			d.defaultTables()
		}
		s.mcu = (*decoder).sequentialMCU
		return d.deriveTables(body, true, true)
	}
	return d.startProgressive(body, int(high))
}

// scanComponents finds the components of a scan by their names.
func (d *decoder) scanComponents(body []byte) error {
	f, s := &d.frame, &d.scan
	if f.components == nil {
		return errors.New("a scan before the frame header")
	}
	if len(body) < 1 || body[0] < 1 || body[0] > 4 || len(body) != 4+2*int(body[0]) {
		return errors.New("damaged scan header")
	}
	n := int(body[0])
	for i := range n {
		c := s.find(f, body[1+2*i])
		if c == nil {
			return fmt.Errorf("a scan of component %d", body[1+2*i])
		}
		s.components = append(s.components, c)
		for range c.across * c.down {
			if n > 1 && s.count < mostBlocks {
				s.owner[s.count] = uint8(i)
			}
			s.count++
		}
	}
	if n == 1 {
		s.count = 1
	}
	return nil
}

// find returns the component of that name. Like libjpeg-turbo it only takes one whose place in the frame is not below the
// number of components found before, and none twice.
func (s *scan) find(f *frame, id byte) *component {
	for i := range f.components {
		c := &f.components[i]
		if c.id != id || i < len(s.components) {
			continue
		}
		for _, other := range s.components {
			if other == c {
				return nil
			}
		}
		return c
	}
	return nil
}

func (d *decoder) deriveTables(body []byte, dc, ac bool) (err error) {
	s := &d.scan
	for i := range s.components {
		choice := body[2+2*i]
		if dc {
			if s.dc[i], err = derive(pick(&d.dc, choice>>4), true); err != nil {
				return err
			}
		}
		if ac {
			if s.ac[i], err = derive(pick(&d.ac, choice&15), false); err != nil {
				return err
			}
		}
	}
	return nil
}

func pick(tables *[4]*huffmanSpec, index byte) *huffmanSpec {
	if index > 3 {
		return nil
	}
	return tables[index]
}

// readScan decodes a scan into the stored coefficients, or where nothing is stored into samples.
func (d *decoder) readScan() {
	s := &d.scan
	c := s.components[0]
	wide, high, perRow := ceil(d.frame.width, 8*d.frame.across), ceil(d.frame.height, 8*d.frame.down), 1
	if len(s.components) == 1 {
		wide, high, perRow = c.blocksWide, c.blocksHigh, c.down
	}
	var scratch [mostBlocks]block
	for i := range scratch {
		s.blocks[i] = &scratch[i]
	}
	stored := c.stored != nil
	for y := range high {
		for x := range wide {
			if !d.insufficient {
				d.frame.lastGood = y / perRow
			} else if stored && d.exhausted() {
				return
			}
			if d.restartInterval > 0 {
				d.countRestart()
			}
			if stored {
				d.pointToStored(x, y)
				s.mcu(d)
				continue
			}
			clear(scratch[:s.count])
			s.mcu(d)
			d.transformMCU(x, y)
		}
	}
}

// exhausted says of a scan without sufficient data that nothing in it will change any more: no restart can end that.
func (d *decoder) exhausted() bool {
	isRestart := d.marker >= markerRST0 && d.marker <= markerRST7
	return d.restartInterval == 0 || d.marker >= markerSOF0 && !isRestart
}

// pointToStored makes MCU (x, y) the one that is decoded.
func (d *decoder) pointToStored(x, y int) {
	s := &d.scan
	if len(s.components) == 1 {
		c := s.components[0]
		s.blocks[0] = &c.stored[y*c.storedWide+x]
		return
	}
	n := 0
	for _, c := range s.components {
		for v := range c.down {
			for h := range c.across {
				s.blocks[n] = &c.stored[(y*c.down+v)*c.storedWide+x*c.across+h]
				n++
			}
		}
	}
}

// transformMCU makes samples of MCU (x, y), but for the blocks that only fill it up.
func (d *decoder) transformMCU(x, y int) {
	s := &d.scan
	if len(s.components) == 1 {
		s.components[0].transform(x, y, s.blocks[0])
		return
	}
	n := 0
	for _, c := range s.components {
		for v := range c.down {
			for h := range c.across {
				if bx, by := x*c.across+h, y*c.down+v; bx < c.blocksWide && by < c.blocksHigh {
					c.transform(bx, by, s.blocks[n])
				}
				n++
			}
		}
	}
}

// countRestart reads a restart marker where one is due.
func (d *decoder) countRestart() {
	s := &d.scan
	if s.toRestart > 0 {
		s.toRestart--
		return
	}
	d.bits = bits{}
	if d.marker == 0 {
		d.marker = d.nextMarker()
	}
	if d.marker == markerRST0+s.nextRestart {
		d.marker = 0
	} else {
		d.resynchronize(s.nextRestart)
	}
	s.nextRestart = (s.nextRestart + 1) & 7
	s.predicted = [4]int32{}
	s.endOfBand = 0
	s.toRestart = d.restartInterval - 1
	if d.marker == 0 {
		d.insufficient = false
	}
}

// resynchronize decides what the unexpected marker means, as libjpeg does: one of the next two restarts, or another
// segment, stays to be met later; one of the last two, or a byte that is no marker, is passed over; any other restart is
// taken for the one that is wanted.
func (d *decoder) resynchronize(wanted byte) {
	for {
		m := d.marker
		ahead := (m - markerRST0 - wanted) & 7
		switch {
		case m >= markerSOF0 && (m < markerRST0 || m > markerRST7), m >= markerSOF0 && (ahead == 1 || ahead == 2):
			return
		case m >= markerSOF0 && ahead < 6:
			d.marker = 0
			return
		}
		d.marker = 0
		d.marker = d.nextMarker()
	}
}
