package jpeg

import "encoding/binary"

// A converter writes a row of 4 bytes a pixel from a row of each component.
type converter func(dst []byte, planes *[4][]uint8)

// converter chooses by the colour space, which a file tells by its JFIF or Adobe segment or by the names of its
// components; where they tell nothing it is YCbCr, or CMYK. A fourth component makes it CMYK or YCCK.
func (d *decoder) converter() converter {
	names := [3]byte{}
	for i := range min(3, len(d.frame.components)) {
		names[i] = d.frame.components[i].id
	}
	switch len(d.frame.components) {
	case 1:
		return grey
	case 3:
		byName := !d.jfif && !d.adobe && names == [3]byte{'R', 'G', 'B'}
		if byName || !d.jfif && d.adobe && d.transform == 0 {
			return rgb
		}
		return ycc
	}
	if d.adobe && d.transform != 0 {
		return ycck
	}
	return cmyk
}

func put(dst []byte, r, g, b uint8) {
	binary.LittleEndian.PutUint32(dst, uint32(r)|uint32(g)<<8|uint32(b)<<16|0xFF<<24)
}

func grey(dst []byte, planes *[4][]uint8) {
	for x, v := range planes[0] {
		put(dst[4*x:], v, v, v)
	}
}

func rgb(dst []byte, planes *[4][]uint8) {
	for x, r := range planes[0] {
		put(dst[4*x:], r, planes[1][x], planes[2][x])
	}
}

// The matrix of JFIF 1.02 in units of 2^-16, rounded as in libjpeg's jdcolor.c: red and blue of their own, green once for
// both its terms.
var matrix = func() (m [256]struct{ red, blue, greenOfRed, greenOfBlue int32 }) {
	const half = 1 << 15
	for i := range m {
		v := int32(i) - 128
		m[i].red, m[i].blue = (91881*v+half)>>16, (116130*v+half)>>16
		m[i].greenOfRed, m[i].greenOfBlue = -46802*v, -22554*v+half
	}
	return m
}()

func ycc(dst []byte, planes *[4][]uint8) {
	blues, reds := planes[1], planes[2]
	blues, reds = blues[:len(planes[0])], reds[:len(planes[0])]
	for x, luma := range planes[0] {
		y, cb, cr := int32(luma), &matrix[blues[x]], &matrix[reds[x]]
		put(dst[4*x:], clip(y+cr.red), clip(y+(cb.greenOfBlue+cr.greenOfRed)>>16), clip(y+cb.blue))
	}
}

func cmyk(dst []byte, planes *[4][]uint8) {
	for x, c := range planes[0] {
		inked(dst[4*x:], c, planes[1][x], planes[2][x], planes[3][x])
	}
}

// ycck is CMYK of which cyan, magenta and yellow are stored as YCbCr of their complements.
func ycck(dst []byte, planes *[4][]uint8) {
	ycc(dst, planes)
	for x, black := range planes[3] {
		p := dst[4*x:]
		inked(p, 255-p[0], 255-p[1], 255-p[2], black)
	}
}

// inked converts as Pillow does. It takes the inks of every JPEG as Adobe stores them, complemented; v/255 is rounded as by
// its MULDIV255.
func inked(dst []byte, c, m, y, black uint8) {
	mix := func(light uint8) uint8 {
		product := uint32(255-light)*uint32(black) + 128
		return uint8(uint32(black) - (product>>8+product)>>8)
	}
	put(dst, mix(c), mix(m), mix(y))
}
