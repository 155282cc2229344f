package scenes

import "math"

// maskSide is the side of the square in which the rules of Trifeature's shapes are given: s = 128 pixels.
const maskSide = 128

// shapeMasks holds the ten shapes as the rules draw them, row by row.
var shapeMasks = func() (masks [numClasses][maskSide * maskSide]bool) {
	for shape := range masks {
		for i := range maskSide {
			for j := range maskSide {
				masks[shape][i*maskSide+j] = shapeRule(Figure(shape), i, j)
			}
		}
	}
	return masks
}()

// shapeRule says whether row i, column j of the square is inside the shape (CoMM's generator; divisions there are floored).
func shapeRule(shape Figure, i, j int) bool {
	const s, half = maskSide, maskSide / 2
	side := math.Abs(float64(j - half)) // distance from the middle column
	band := func(k int) bool { return k >= half-s/6 && k < half+s/6+1 }
	switch shape {
	case Square:
		return true
	case Circle:
		y, x := float64(i)+.5-half, float64(j)+.5-half
		return x*x+y*y < half*half
	case Triangle:
		return side-float64(i/2) < 1
	case Plus:
		return band(i) || band(j)
	case Tee:
		return band(j) || i < s/3
	case Rhombus:
		k := j - half + i/2
		return 0 < k && k < half
	case Pentagon:
		return pentagonRule(i, j)
	case Star:
		return starRule(i, j)
	case FiveSquare:
		row, column := min(i*3/s, 2), min(j*3/s, 2)
		return (row != 1) == (column != 1)
	default: // Trapezoid
		in := int(float64(i) / 3.1)
		return in <= j && j < s-in
	}
}

func pentagonRule(i, j int) bool {
	const s, half, knee = maskSide, maskSide / 2, .4 * maskSide
	if float64(i) <= knee {
		return math.Abs(float64(j-half))-1.25*float64(i) < 1
	}
	in := int((float64(i) - knee) / 3.1)
	return in <= j && j < s-in
}

// starRule is the rule of CoMM's generator in three parts: the upper point, the two arms, and the legs.
func starRule(i, j int) bool {
	const s, half, arms, legs = maskSide, maskSide / 2, .4 * maskSide, .55 * maskSide
	y := float64(i)
	if y <= arms {
		return math.Abs(float64(j-half))-float64(i/4) < 1
	}
	if y <= arms+.2*s {
		if in := 2.4 * (y - arms); in <= float64(j) && float64(j) < s-in {
			return true
		}
	}
	leg := func(x float64) bool { return .33*s-.43*(y-legs) < x && x < .62*s-1.05*(y-legs) }
	return y >= legs && (leg(float64(j)) || leg(float64(s-1-j)))
}

// inShape says whether a point of the square [-.5, .5]^2, y downwards, is inside a Trifeature shape.
func inShape(shape Figure, x, y float64) bool {
	i, j := int(math.Floor((y+.5)*maskSide)), int(math.Floor((x+.5)*maskSide))
	return i >= 0 && i < maskSide && j >= 0 && j < maskSide && shapeMasks[shape][i*maskSide+j]
}

func inBox(x, y, left, top, right, bottom float64) bool {
	return left < x && x < right && top < y && y < bottom
}

func inDisc(x, y, cx, cy, radius float64) bool { return math.Hypot(x-cx, y-cy) < radius }

// inArrow is an arrow that points right.
func inArrow(x, y float64) bool {
	return inBox(x, y, -.5, -.15, .05, .15) || x >= .02 && x < .5 && math.Abs(y) < .45*(.5-x)/.48
}

// inFish is a fish that looks right: a body with a hole for an eye, and a tail.
func inFish(x, y float64) bool {
	body := math.Hypot((x-.12)/.38, y/.27) < 1
	tail := x > -.5 && x < -.15 && math.Abs(y) < .3*(-.12-x)/.38
	return (body || tail) && !inDisc(x, y, .3, -.07, .06)
}

// inGlass is the wall of a glass, open at the top; inFilling is what a full glass holds.
func inGlass(x, y float64) bool {
	return inBox(x, y, -.4, -.5, .4, .5) && !inBox(x, y, -.24, -.6, .24, .34)
}

func inFilling(x, y float64) bool { return inBox(x, y, -.24, -.36, .24, .34) }

// inCup is a cup from the side, its handle to the right; inCupAbove the same cup from above, inMouth its opening.
func inCup(x, y float64) bool {
	width := .34 - .1*(y+.4)/.8
	handle := inDisc(x, y, .27, -.05, .22) && !inDisc(x, y, .27, -.05, .11)
	return math.Abs(y) < .4 && math.Abs(x+.08) < width || handle && x > 0
}

func inCupAbove(x, y float64) bool {
	return inDisc(x, y, -.08, 0, .36) || inBox(x, y, .2, -.07, .5, .07)
}

func inMouth(x, y float64) bool { return inDisc(x, y, -.08, 0, .22) }

// inCrack is a jagged gap from top to bottom through the middle of a broken figure.
func inCrack(x, y float64) bool {
	phase := math.Mod(y+1.5, .34) / .34 // 0..1 down one zig and one zag
	return math.Abs(x-.16*(math.Abs(2*phase-1)-.5)) < .07
}

// inFrame is a thin square ring around the figure's square.
func inFrame(x, y float64) bool {
	edge := max(math.Abs(x), math.Abs(y))
	return edge > .57 && edge < .66
}
