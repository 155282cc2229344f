package trifeature

import (
	"math"
	"math/rand/v2"

	"github.com/mclclip/mclclip/data/scenes"
)

const (
	// Side is the side of a picture in pixels.
	Side = 224
	// Classes is the number of classes of each feature.
	Classes = 10

	shapeSide  = scenes.TrifeatureSide
	turn       = 45 // degrees: shape and texture are turned by -45..44, each by itself
	background = .5
)

// Item names a picture of the data set.
type Item struct{ Shape, Texture, Color int }

// Draw returns the picture [3, 224, 224] of an item; the seed decides place, angles and the texture's offset and grain.
//
// The shape is drawn in a square of 128 pixels, turned by bilinear interpolation and placed so that the whole turned square lies in the
// picture. The texture is turned by nearest neighbour around the middle. Both cover the colour, the background is grey.
func Draw(item Item, seed uint64) []uint8 {
	r := rand.New(rand.NewPCG(seed, 0x7472696665617475))
	shape := place(r)
	texture := newCloth(item.Texture, r)
	color := scenes.TrifeatureColor(item.Color)
	picture := make([]uint8, 3*Side*Side)
	for i := range picture {
		picture[i] = level(background)
	}
	reach := int(math.Ceil(shape.reach)) + 1
	for y := max(0, int(shape.y)-reach); y < min(Side, int(shape.y)+reach+1); y++ {
		for x := max(0, int(shape.x)-reach); x < min(Side, int(shape.x)+reach+1); x++ {
			cover := shape.cover(item.Shape, x, y)
			if cover == 0 || !texture.on(x, y) {
				continue
			}
			for c := range 3 {
				picture[(c*Side+y)*Side+x] = level(cover*color[c] + (1-cover)*background)
			}
		}
	}
	return picture
}

func level(v float64) uint8 { return uint8(math.Round(255 * v)) }

// pose is where the square of the shape stands.
type pose struct {
	x, y     float64 // centre, in pixel centres
	sin, cos float64
	reach    float64 // half the side of the upright square around the turned one
}

func place(r *rand.Rand) pose {
	p := pose{}
	p.sin, p.cos = math.Sincos(angle(r))
	p.reach = shapeSide / 2 * (math.Abs(p.sin) + math.Abs(p.cos))
	room := Side - 2*p.reach
	p.x, p.y = p.reach-.5+room*r.Float64(), p.reach-.5+room*r.Float64()
	return p
}

// angle is a whole number of degrees, in radians.
func angle(r *rand.Rand) float64 { return float64(r.IntN(2*turn)-turn) * math.Pi / 180 }

// cover is the share 0..1 of the shape at a pixel, interpolated between the four pixels of the upright shape around the place
// where it was before it was turned.
func (p pose) cover(shape, x, y int) float64 {
	dx, dy := float64(x)-p.x, float64(y)-p.y
	j, i := p.cos*dx+p.sin*dy+(shapeSide-1)/2., p.cos*dy-p.sin*dx+(shapeSide-1)/2.
	j0, i0 := math.Floor(j), math.Floor(i)
	fj, fi := j-j0, i-i0
	at := func(di, dj int) float64 {
		row, column := int(i0)+di, int(j0)+dj
		if row < 0 || row >= shapeSide || column < 0 || column >= shapeSide || !scenes.TrifeatureShape(shape, row, column) {
			return 0
		}
		return 1
	}
	return (1-fi)*((1-fj)*at(0, 0)+fj*at(0, 1)) + fi*((1-fj)*at(1, 0)+fj*at(1, 1))
}

// cloth is a texture, turned.
type cloth struct {
	texture    int
	offX, offY int
	grain      uint64
	sin, cos   float64
}

func newCloth(texture int, r *rand.Rand) cloth {
	c := cloth{texture: texture, offX: r.IntN(10), offY: r.IntN(10), grain: r.Uint64()}
	c.sin, c.cos = math.Sincos(angle(r))
	return c
}

// on says whether the texture covers a pixel. The cloth is 448 pixels wide, so that its corners do not show when it is turned.
func (c cloth) on(x, y int) bool {
	const middle, clothMiddle = (Side - 1) / 2., (2*Side - 1) / 2.
	dx, dy := float64(x)-middle, float64(y)-middle
	u := math.Round(c.cos*dx + c.sin*dy + clothMiddle)
	v := math.Round(c.cos*dy - c.sin*dx + clothMiddle)
	return scenes.TrifeatureTexture(c.texture, int(u)+c.offX, int(v)+c.offY, c.grain)
}

// Shrink reduces a picture [3, 224, 224] to [3, size, size] by the mean over the area of each pixel.
func Shrink(picture []uint8, size int) []uint8 {
	if size == Side {
		return picture
	}
	shares := areas(size)
	rows := make([]float64, 3*Side*size) // [3, 224, size]
	for line := range 3 * Side {
		for x, share := range shares {
			sum := 0.0
			for k, w := range share.weights {
				sum += w * float64(picture[line*Side+share.from+k])
			}
			rows[line*size+x] = sum
		}
	}
	small := make([]uint8, 3*size*size)
	for c := range 3 {
		for y, share := range shares {
			for x := range size {
				sum := 0.0
				for k, w := range share.weights {
					sum += w * rows[(c*Side+share.from+k)*size+x]
				}
				small[(c*size+y)*size+x] = uint8(math.Round(sum))
			}
		}
	}
	return small
}

// area is how much each pixel of the large side has in one of the small side.
type area struct {
	from    int
	weights []float64 // sum 1
}

func areas(size int) []area {
	out := make([]area, size)
	step := float64(Side) / float64(size)
	for i := range out {
		low, high := float64(i)*step, float64(i+1)*step
		out[i].from = int(low)
		for p := int(low); p < Side && float64(p) < high-1e-9; p++ {
			out[i].weights = append(out[i].weights, (min(high, float64(p+1))-max(low, float64(p)))/step)
		}
	}
	return out
}
