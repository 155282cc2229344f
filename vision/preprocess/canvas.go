package preprocess

import (
	"errors"
	"image"
	"image/color"
)

// canvas is an image of 4 bytes a pixel, of which a part is to be drawn.
type canvas struct {
	pixels []byte
	width  int
	part   rect
}

func (c canvas) fits(img image.Image) bool {
	b := img.Bounds()
	return b.Dx() == c.part.w && b.Dy() == c.part.h
}

// row is row y of the part.
func (c canvas) row(y int) []byte {
	at := 4 * ((c.part.y+y)*c.width + c.part.x)
	return c.pixels[at : at+4*c.part.w]
}

// draw copies the colours of img and drops its alpha, as Pillow's convert("RGB") does.
func (c canvas) draw(img image.Image) error {
	if !c.fits(img) {
		return errors.New("two headers of different size")
	}
	b := img.Bounds()
	switch img := img.(type) {
	case *image.Gray:
		c.each(func(x, y int) (r, g, bl uint8) {
			v := img.Pix[y*img.Stride+x]
			return v, v, v
		})
	case *image.NRGBA:
		c.each(func(x, y int) (r, g, bl uint8) {
			p := img.Pix[y*img.Stride+4*x:]
			return p[0], p[1], p[2]
		})
	case *image.Paletted:
		var colors [256][3]uint8
		for i, v := range img.Palette {
			colors[i][0], colors[i][1], colors[i][2] = straight(v)
		}
		c.each(func(x, y int) (r, g, bl uint8) {
			v := colors[img.Pix[y*img.Stride+x]]
			return v[0], v[1], v[2]
		})
	default:
		c.each(func(x, y int) (r, g, bl uint8) { return straight(img.At(b.Min.X+x, b.Min.Y+y)) })
	}
	return nil
}

func (c canvas) each(at func(x, y int) (r, g, b uint8)) {
	for y := range c.part.h {
		row := c.row(y)
		for x := range c.part.w {
			row[4*x], row[4*x+1], row[4*x+2] = at(x, y)
		}
	}
}

// straight is a colour in 8 bits before it was multiplied with its alpha.
func straight(c color.Color) (r, g, b uint8) {
	switch c := c.(type) {
	case color.NRGBA:
		return c.R, c.G, c.B
	case color.NRGBA64:
		return uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8)
	}
	r16, g16, b16, alpha := c.RGBA()
	if alpha == 0 {
		return 0, 0, 0
	}
	divide := func(v uint32) uint8 { return uint8(min(v*0xFFFF/alpha, 0xFFFF) >> 8) }
	return divide(r16), divide(g16), divide(b16)
}
