package preprocess

import "encoding/binary"

const orientationTag = 0x0112

// orientation reads the tag of that name from a TIFF structure (TIFF 6.0, section 2), which EXIF data is; 0 if there is
// none.
func orientation(data []byte) int {
	if len(data) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	start := uint64(order.Uint32(data[4:]))
	if start+2 > uint64(len(data)) {
		return 0
	}
	entries := data[start+2:]
	for range order.Uint16(data[start:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == orientationTag {
			return int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 0
}

// turned is the size of an image after turn.
func (s size) turned(orientation int) size {
	if orientation >= 5 {
		return size{s.h, s.w}
	}
	return s
}

// turn gives the pixels as they are to be seen, where orientation says how they are stored (EXIF 2.3, 4.6.4 A).
func turn(pixels []byte, from size, orientation int) []byte {
	if orientation == 1 {
		return pixels
	}
	to := from.turned(orientation)
	out := newPixels(to)
	for y := range to.h {
		for x := range to.w {
			sx, sy := x, y
			if orientation >= 5 {
				sx, sy = y, x
			}
			if orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8 {
				sx = from.w - 1 - sx
			}
			if orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7 {
				sy = from.h - 1 - sy
			}
			copy(out[4*(y*to.w+x):][:4], pixels[4*(sy*from.w+sx):][:4])
		}
	}
	return out
}
