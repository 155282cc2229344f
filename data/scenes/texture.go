package scenes

import "math"

// Textures repeat after 10 units; lines are 3 units wide, thin lines 2.
const (
	texturePeriod = 10
	wideLine      = 3
	thinLine      = 2
)

// weave is a texture as an object carries it.
type weave struct {
	texture int
	grain   uint64  // seeds noise and rain
	pixel   float64 // units a pixel covers: noise and rain have no grain finer than that
}

// periodPixels is how many pixels a texture's period takes in an image of the given side. It is Trifeature's 10 of 224,
// but at least 7: finer lines could not be told apart.
func periodPixels(size int) float64 { return max(7, float64(size)*texturePeriod/224) }

// on says whether the texture covers a point, given in units.
func (w weave) on(x, y float64) bool {
	column, row := floorDiv(x, texturePeriod), floorDiv(y, texturePeriod)
	i, j := int(y)-row*texturePeriod, int(x)-column*texturePeriod // 0..9
	if y < 0 {
		i = int(math.Floor(y)) - row*texturePeriod
	}
	if x < 0 {
		j = int(math.Floor(x)) - column*texturePeriod
	}
	switch w.texture {
	case 0: // solid
		return true
	case 5:
		return w.noise(x, y)
	case 8:
		return w.rain(x, y)
	}
	return tile(w.texture, j, i, row&1 == 1)
}

// tile holds the textures that repeat: x and y are from 0 to 9, odd marks every other row of tiles.
func tile(texture, x, y int, odd bool) bool {
	switch texture {
	case 1: // stripes
		return y < wideLine
	case 2: // grid
		return x < wideLine || y < wideLine
	case 3: // hexgrid
		slant := int(1.73 * float64(y))
		return (x+slant)%texturePeriod < thinLine || (x-slant+2*texturePeriod)%texturePeriod < thinLine || y < thinLine
	case 4: // dots
		return square(float64(x)-4.5)+square(float64(y)-4.5) < 16
	case 6: // triangles
		return y/2-abs(x-5) > 0
	case 7: // zigzags
		if odd {
			x = texturePeriod - 1 - x
		}
		return y/2 < x && x < 5+y/2
	default: // pluses
		if odd {
			x = (x + texturePeriod/2) % texturePeriod
		}
		dx, dy := math.Abs(float64(x)-4.5), math.Abs(float64(y)-4.5)
		return dx < 1.5 && dy < 4 || dy < 1.5 && dx < 4
	}
}

// noise covers half of all grains.
func (w weave) noise(x, y float64) bool {
	g := max(1, w.pixel)
	return w.chance(floorDiv(x, g), floorDiv(y, g)) < .5
}

// rain is drops 7 units long and 1 wide; a drop starts at a unit with probability .05. Where a grain is more than a unit
// the probability is adapted so that the share covered stays the same.
func (w weave) rain(x, y float64) bool {
	const length, start = 7, .05
	g := max(1, w.pixel)
	grains := int(math.Ceil(length / g))
	p := 1 - math.Pow(1-start, length/float64(grains))
	column, row := floorDiv(x, g), floorDiv(y, g)
	for k := range grains {
		if w.chance(column, row-k) < p {
			return true
		}
	}
	return false
}

// chance is a number in [0, 1) that belongs to a grain (the finaliser of SplitMix64).
func (w weave) chance(column, row int) float64 {
	z := w.grain + uint64(int64(column))*0x9e3779b97f4a7c15 + uint64(int64(row))*0xd1b54a32d192ed03
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}

func floorDiv(x, d float64) int { return int(math.Floor(x / d)) }

func square(x float64) float64 { return x * x }

func abs(x int) int { return max(x, -x) }
