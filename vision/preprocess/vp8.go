package preprocess

import "image"

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

func clip8(v int) uint8 { return uint8(min(max(v, 0), 255)) }
