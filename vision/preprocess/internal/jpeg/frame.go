package jpeg

import (
	"encoding/binary"
	"errors"
	"fmt"
)

type frame struct {
	width, height int
	progressive   bool
	components    []component
	across, down  int // the largest sampling factors
	lastGood      int // the last row of MCUs for which the last scan had data
}

type component struct {
	id, quantIndex byte
	across, down   int // sampling factors

	width, height          int // in samples
	blocksWide, blocksHigh int
	storedWide, storedHigh int // the same with the blocks that only fill up MCUs

	quant   *[64]uint16 // as they were at the component's first scan; nil before
	samples []uint8     // [8 blocksHigh, 8 blocksWide]
	stored  []block     // [storedHigh, storedWide]

	// Bits that are still to come, for each coefficient in zigzag order: -1 none has come yet, 0 all are known. before: the
	// same ahead of the last scan. Progressive images only.
	pending, before [64]int8
}

var errTwoFrames = errors.New("two frame headers")

func (d *decoder) startOfFrame(body []byte, progressive bool) error {
	f := &d.frame
	switch {
	case f.components != nil:
		return errTwoFrames
	case len(body) < 6 || len(body) != 6+3*int(body[5]):
		return errors.New("damaged frame header")
	case body[0] != 8:
		return fmt.Errorf("%d bits a sample: %w", body[0], ErrUnsupported)
	case body[5] != 1 && body[5] != 3 && body[5] != 4:
		return fmt.Errorf("%d components: %w", body[5], ErrUnsupported)
	}
	f.progressive = progressive
	f.height, f.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if f.width < 1 || f.height < 1 || f.width > longestSide || f.height > longestSide {
		return fmt.Errorf("%d x %d pixels", f.width, f.height)
	}
	f.components = make([]component, body[5])
	for i := range f.components {
		c := &f.components[i]
		spec := body[6+3*i:]
		c.id, c.across, c.down, c.quantIndex = spec[0], int(spec[1]>>4), int(spec[1]&15), spec[2]
		c.pending = nothingKnown
		f.across, f.down = max(f.across, c.across), max(f.down, c.down)
	}
	return f.layOut()
}

func (f *frame) layOut() error {
	for i := range f.components {
		c := &f.components[i]
		if c.across < 1 || c.across > 4 || c.down < 1 || c.down > 4 {
			return fmt.Errorf("sampling of %d x %d", c.across, c.down)
		}
		if f.across%c.across != 0 || f.down%c.down != 0 {
			return fmt.Errorf("sampling of %d x %d among %d x %d", c.across, c.down, f.across, f.down)
		}
		c.width, c.height = ceil(f.width*c.across, f.across), ceil(f.height*c.down, f.down)
		c.blocksWide, c.blocksHigh = ceil(c.width, 8), ceil(c.height, 8)
		c.storedWide, c.storedHigh = ceil(c.blocksWide, c.across)*c.across, ceil(c.blocksHigh, c.down)*c.down
	}
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }
