package jpeg

// window holds the DC of a block and its 24 neighbours, row by row; beyond the edges the last ones repeat.
type window [25]int32

// An estimate is the weights, over 256, with which the DC values of a window give a coefficient that no scan has given.
// They are libjpeg-turbo's (jdcoefct.c), which extends T.81 K.8 from 3 x 3 blocks.
type estimate struct {
	zigzag int // which coefficient
	weight window
}

// estimatesOfDC are used where only DC is known, and then smooth it too; estimatesOfAC where some AC is.
var (
	estimatesOfAC = []estimate{
		{1, window{10: -7, 50, 0, -50, 7}},
		{2, window{2: -7, 7: 50, 17: -50, 22: 7}},
		{3, window{2: -1, 7: 13, 12: -24, 17: 13, 22: -1}},
		{4, window{0, -1, 0, 1, 0, -1, 10, 0, -10, 1, 0, 0, 0, 0, 0, 1, -10, 0, 10, -1, 0, 1, 0, -1, 0}},
		{5, window{10: -1, 13, -24, 13, -1}},
	}
	estimatesOfDC = []estimate{
		{1, window{-1, -1, 0, 1, 1, -3, 13, 0, -13, 3, -3, 38, 0, -38, 3, -3, 13, 0, -13, 3, -1, -1, 0, 1, 1}},
		{2, window{-1, -3, -3, -3, -1, -1, 13, 38, 13, -1, 0, 0, 0, 0, 0, 1, -13, -38, -13, 1, 1, 3, 3, 3, 1}},
		{3, window{0, 0, 1, 0, 0, 0, 2, 7, 2, 0, 0, -5, -14, -5, 0, 0, 2, 7, 2, 0, 0, 0, 1, 0, 0}},
		{4, window{-1, 0, 0, 0, 1, 0, 9, 0, -9, 0, 0, 0, 0, 0, 0, 0, -9, 0, 9, 0, 1, 0, 0, 0, -1}},
		{5, window{0, 0, 0, 0, 0, 0, 2, -5, 2, 0, 1, 7, -14, 7, 1, 0, 2, -5, 2, 0, 0, 0, 0, 0, 0}},
		{6, window{6: 1, 0, -1, 0, 0, 2, 0, -2, 0, 0, 1, 0, -1}},
		{7, window{6: 1, -3, 1, 16: -1, 3, -1}},
		{8, window{6: 1, 0, -1, 0, 0, -3, 0, 3, 0, 0, 1, 0, -1}},
		{9, window{6: 1, 2, 1, 16: -1, -2, -1}},
		{0, window{-2, -6, -8, -6, -2, -6, 6, 42, 6, -6, -8, 42, 152, 42, -8, -6, 6, 42, 6, -6, -2, -6, -8, -6, -2}},
	}
)

// smoothable says whether some of the low coefficients of a progressive image have not come in full.
func (d *decoder) smoothable() (useful bool) {
	if !d.frame.progressive {
		return false
	}
	for i := range d.frame.components {
		c := &d.frame.components[i]
		if c.quant == nil || c.pending[0] < 0 {
			return false
		}
		for k := range 10 {
			if c.quant[zigzag[k]] == 0 {
				return false
			}
			useful = useful || k > 0 && c.pending[k] != 0
		}
	}
	return useful
}

var nothingKnown = func() (pending [64]int8) {
	for k := range pending {
		pending[k] = -1
	}
	return pending
}()

// smoothRow makes samples of a row of blocks with estimates of what is missing.
func (d *decoder) smoothRow(c *component, y int) {
	f := &d.frame
	last := ceil(f.height, 8*f.down) - 1
	pending := &c.pending
	if y/c.down > f.lastGood {
		if pending = &c.before; d.scans == 1 {
			pending = &nothingKnown
		}
	}
	estimates := estimatesOfDC
	for _, p := range pending[1:10] {
		if p != -1 {
			estimates = estimatesOfAC
			break
		}
	}
	rows := c.neighbours(y, last)
	for x := range c.blocksWide {
		var dc window
		for i := range dc {
			column := min(max(x+i%5-2, 0), c.blocksWide-1)
			dc[i] = int32(rows[i/5][column][0])
		}
		b := rows[2][x]
		for _, e := range estimates {
			at := zigzag[e.zigzag]
			if e.zigzag == 0 || pending[e.zigzag] != 0 && b[at] == 0 {
				b[at] = e.apply(&dc, int64(c.quant[0]), int64(c.quant[at]), pending[e.zigzag])
			}
		}
		c.transform(x, y, &b)
	}
}

// neighbours returns the stored rows from y-2 to y+2. In the last row of MCUs, of which there can be less, libjpeg-turbo
// counts rows as if all had as few, which tells where it takes the top to be.
func (c *component) neighbours(y, lastMCU int) (rows [5][]block) {
	here := c.down
	if y/c.down == lastMCU {
		here = c.blocksHigh - lastMCU*c.down
	}
	counted, all := y/c.down*here+y%c.down, here*(lastMCU+1)
	row := func(y int) []block { return c.stored[y*c.storedWide:][:c.storedWide] }
	for i := range rows {
		rows[i] = row(y)
	}
	if counted > 0 {
		rows[1], rows[0] = row(y-1), row(y-1)
	}
	if counted > 1 {
		rows[0] = row(y - 2)
	}
	if counted < all-1 {
		rows[3], rows[4] = row(y+1), row(y+1)
	}
	if counted < all-2 {
		rows[4] = row(y + 2)
	}
	return rows
}

// apply is the estimate in units of its quantisation step, smaller than the bits that are known would have shown.
func (e estimate) apply(dc *window, scale, step int64, pending int8) int16 {
	sum := int64(0)
	for i, w := range e.weight {
		sum += int64(w) * int64(dc[i])
	}
	sum *= scale
	size := (step<<7 + max(sum, -sum)) / (step << 8)
	if e.zigzag > 0 && pending > 0 {
		size = min(size, 1<<pending-1)
	}
	if sum < 0 {
		return int16(-size)
	}
	return int16(size)
}
