package scenes

import (
	"image"
	"image/color"
	"math"
	"strings"

	"golang.org/x/image/font/basicfont"
)

// A sign is a textured board, nearly as wide as its square and two thirds as high, with a white plate for the letters.
func inSign(x, y float64) bool { return inBox(x, y, -.5, -.36, .5, .36) }

func inPlate(x, y float64) bool { return inBox(x, y, -.36, -.21, .36, .21) }

// drawWord prints the sign's word in black capitals in the middle of the plate, each dot of the font k by k pixels.
func drawWord(img *image.RGBA, o Object, size int) {
	face := basicfont.Face7x13
	word := strings.ToUpper(signWords[o.Word])
	const capHeight = 9 // rows of the font that capitals take
	k := max(1, int(math.Round(o.Size*float64(size)*.66/float64(face.Advance*len(word)))))
	left := int(math.Round(o.X*float64(size))) - k*face.Advance*len(word)/2
	top := int(math.Round(o.Y*float64(size))) - k*capHeight/2
	for n, letter := range word {
		for row := range capHeight {
			for column := range face.Width {
				y := (int(letter)-' ')*face.Height + face.Ascent - capHeight + row
				if _, _, _, a := face.Mask.At(column, y).RGBA(); a == 0 {
					continue
				}
				for d := range k * k {
					img.SetRGBA(left+(n*face.Advance+column)*k+d%k, top+row*k+d/k, color.RGBA{A: 255})
				}
			}
		}
	}
}
