package preprocess

import "image"

// drawJPEG converts as libjpeg does by default: chroma interpolated by the triangle filter ("fancy upsampling",
// jdsample.c), then JFIF's matrix in 16-bit fixed point (jdcolor.c). image/color repeats chroma samples instead.
func (c canvas) drawJPEG(img *image.YCbCr) {
	cb, cr := make([]uint8, c.part.w+4), make([]uint8, c.part.w+4)
	for y := range c.part.h {
		jpegChroma(cb, img.Cb, img, y)
		jpegChroma(cr, img.Cr, img, y)
		row := c.row(y)
		for x, luma := range img.Y[y*img.YStride:][:c.part.w] {
			row[4*x], row[4*x+1], row[4*x+2] = jpegColor(int(luma), int(cb[x])-128, int(cr[x])-128)
		}
	}
}

// The matrix of JFIF 1.02 in units of 2^-16.
func jpegColor(y, cb, cr int) (r, g, b uint8) {
	const half = 1 << 15
	return clip8(y + (91881*cr+half)>>16), clip8(y + (-22554*cb-46802*cr+half)>>16), clip8(y + (116130*cb+half)>>16)
}

func clip8(v int) uint8 { return uint8(min(max(v, 0), 255)) }

// jpegChroma gives the chroma of row y at full width; dst may be written up to 3 samples beyond it.
func jpegChroma(dst, plane []uint8, img *image.YCbCr, y int) {
	across, down := subsampling(img.SubsampleRatio)
	w, h := (img.Rect.Dx()+across-1)/across, (img.Rect.Dy()+down-1)/down
	line := func(y int) []uint8 { return plane[min(max(y, 0), h-1)*img.CStride:][:w] }
	this := line(y / down)
	beside := line(y/down - 1 + 2*(y%down)) // the other row that the triangle filter takes, where down is 2
	switch {
	case across == 1 && down == 2:
		for i, v := range this {
			dst[i] = uint8((3*int(v) + int(beside[i]) + 1 + y%2) >> 2)
		}
	case across == 2 && down == 1 && w > 2:
		triangle(dst, w, func(i int) int { return 4 * int(this[i]) }, 4, 8)
	case across == 2 && down == 2 && w > 2:
		triangle(dst, w, func(i int) int { return 3*int(this[i]) + int(beside[i]) }, 8, 7)
	default:
		for i, v := range this {
			for n := range min(across, len(dst)-i*across) {
				dst[i*across+n] = v
			}
		}
	}
}

// triangle doubles n samples, given with a factor of 4: each result is 3/4 of the nearer and 1/4 of the farther one.
// left and right are what is added to the left and right results before they are divided by 16.
func triangle(dst []uint8, n int, sample func(i int) int, left, right int) {
	last := sample(0)
	for i := range n {
		this, next := sample(i), sample(min(i+1, n-1))
		dst[2*i] = uint8((3*this + last + left) >> 4)
		dst[2*i+1] = uint8((3*this + next + right) >> 4)
		last = this
	}
}

func subsampling(r image.YCbCrSubsampleRatio) (across, down int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// drawVP8 converts as libwebp does: chroma interpolated from the four samples around each pixel (dsp/upsampling.c), then
// the matrix of BT.601 for luma of 16..235 in 14-bit fixed point (dsp/yuv.h). image/color takes such values for JFIF's.
func (c canvas) drawVP8(img *image.YCbCr) {
	u, v := make([]uint8, c.part.w+1), make([]uint8, c.part.w+1)
	for y := range c.part.h {
		vp8Chroma(u, img.Cb, img, y)
		vp8Chroma(v, img.Cr, img, y)
		row := c.row(y)
		for x, luma := range img.Y[y*img.YStride:][:c.part.w] {
			row[4*x], row[4*x+1], row[4*x+2] = vp8Color(int(luma), int(u[x]), int(v[x]))
		}
	}
}

func vp8Color(y, u, v int) (r, g, b uint8) {
	luma := y * 19077 >> 8
	return clip8((luma + v*26149>>8 - 14234) >> 6),
		clip8((luma - u*6419>>8 - v*13320>>8 + 8708) >> 6),
		clip8((luma + u*33050>>8 - 17685) >> 6)
}

// vp8Chroma gives the chroma of row y at full width; dst may be written one sample beyond it.
func vp8Chroma(dst, plane []uint8, img *image.YCbCr, y int) {
	w, h := (img.Rect.Dx()+1)/2, (img.Rect.Dy()+1)/2
	line := func(y int) []uint8 { return plane[min(max(y, 0), h-1)*img.CStride:][:w] }
	near, far := line(y/2), line(y/2-1+2*(y%2))
	edge := func(i int) uint8 { return uint8((3*int(near[i]) + int(far[i]) + 2) >> 2) }
	dst[0] = edge(0)
	for i := 1; i < w; i++ {
		nl, nr, fl, fr := int(near[i-1]), int(near[i]), int(far[i-1]), int(far[i])
		sum := nl + nr + fl + fr + 8
		dst[2*i-1] = uint8(((sum+2*(nr+fl))>>3 + nl) >> 1)
		dst[2*i] = uint8(((sum+2*(nl+fr))>>3 + nr) >> 1)
	}
	dst[2*w-1] = edge(w - 1)
}
