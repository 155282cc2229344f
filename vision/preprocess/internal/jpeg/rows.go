package jpeg

// writeRows interpolates the components to full size and converts their colours.
func (d *decoder) writeRows(row func(y int) []byte) {
	f := &d.frame
	convert := d.converter()
	var planes [4][]uint8
	var buffers [4][]uint8
	for i := range f.components {
		buffers[i] = make([]uint8, f.width+8)
	}
	for y := range f.height {
		for i := range f.components {
			planes[i] = f.fullRow(buffers[i], &f.components[i], y)[:f.width]
		}
		convert(row(y)[:4*f.width], &planes)
	}
}

// line is row y of the component's samples; rows beyond its edges repeat the last ones.
func (c *component) line(y int) []uint8 {
	stride := 8 * c.blocksWide
	return c.samples[min(max(y, 0), c.height-1)*stride:][:stride]
}

// fullRow gives row y of the image for one component. Twice as many samples are interpolated by the triangle filter,
// 3/4 of the nearer and 1/4 of the farther one, as by libjpeg's "fancy upsampling" (jdsample.c); others are repeated.
// buffer is used where needed; up to 3 samples beyond the row are written.
func (f *frame) fullRow(buffer []uint8, c *component, y int) []uint8 {
	across, down := f.across/c.across, f.down/c.down
	near := c.line(y / down)
	far := func() []uint8 { return c.line(y/down - 1 + 2*(y%2)) } // the second row that the filter takes, where down is 2
	switch {
	case across == 1 && down == 2:
		betweenRows(buffer, near[:c.width], far(), 1+y%2)
	case across == 1:
		return near
	case across == 2 && down == 1 && c.width > 2:
		betweenColumns(buffer, near[:c.width])
	case across == 2 && down == 2 && c.width > 2:
		between(buffer, near[:c.width], far())
	default:
		for i, v := range near[:c.width] {
			for n := range min(across, len(buffer)-i*across) {
				buffer[i*across+n] = v
			}
		}
	}
	return buffer
}

func betweenRows(dst, near, far []uint8, half int) {
	far, dst = far[:len(near)], dst[:len(near)]
	for i, v := range near {
		dst[i] = uint8((3*int(v) + int(far[i]) + half) >> 2)
	}
}

func betweenColumns(dst, in []uint8) {
	last := int(in[0])
	for i, v := range in {
		this, next := 3*int(v), int(in[min(i+1, len(in)-1)])
		pair := dst[2*i:][:2]
		pair[0], pair[1] = uint8((this+last+1)>>2), uint8((this+next+2)>>2)
		last = int(v)
	}
}

// between is the filter in both directions; its results are rounded only once.
func between(dst, near, far []uint8) {
	far = far[:len(near)]
	this := 3*int(near[0]) + int(far[0])
	last := this
	for i := range near {
		j := min(i+1, len(near)-1)
		next := 3*int(near[j]) + int(far[j])
		pair := dst[2*i:][:2]
		pair[0], pair[1] = uint8((3*this+last+8)>>4), uint8((3*this+next+7)>>4)
		last, this = this, next
	}
}
