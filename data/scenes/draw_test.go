package scenes

import (
	"image"
	"math"
	"testing"
)

// centred is one object of 96 in an image of 128 pixels, not turned.
func centred(figure Figure, texture, color int) Object {
	return Object{Figure: figure, Texture: texture, Color: color, X: .5, Y: .5, Size: .75, Grain: 7}
}

func scene(objects ...Object) Scene {
	return Scene{Triple: true, Objects: objects, Background: .5, Brightness: 1}
}

// covered is the mean share of colour in the square of the object of centred: 0 is background, 1 is colour.
func covered(s Scene) float64 {
	img := Draw(s, 128)
	channel, full := 0, 255.0 // the channel in which the colour is farthest from grey
	if c := colorValues[s.Objects[0].Color]; c[0] < .5 {
		full = 255 * c[0]
	}
	sum := 0.0
	for y := 16; y < 112; y++ {
		for x := 16; x < 112; x++ {
			sum += (float64(img.Pix[img.PixOffset(x, y)+channel]) - 128) / (full - 128)
		}
	}
	return sum / (96 * 96)
}

// The areas follow from the rules in the paper's re-implementation by geometry, not from this package.
func TestShapesHaveTheirAreas(t *testing.T) {
	const plus, ninth = 43. / 128, 1. / 9 // columns of the bar: s/6 floored on both sides and one
	for shape, want := range map[Figure]float64{
		Square:     1,
		Circle:     math.Pi / 4,
		Triangle:   .5,
		Plus:       plus * (2 - plus),
		Tee:        42./128 + plus*(1-42./128),
		Rhombus:    .5,
		FiveSquare: 5 * ninth,
		Trapezoid:  1 - 1/3.1,
		Pentagon:   .2 + .6*(1-.6/3.1),
	} {
		if got := covered(scene(centred(shape, 0, 0))); math.Abs(got-want) > .015 {
			t.Errorf("%s covers %.3f of its square, want %.3f", figureNames[shape], got, want)
		}
	}
}

func TestStarHasFivePoints(t *testing.T) {
	// On a circle through the points of a five-pointed star, and on one through its inner corners.
	spikes := func(radius float64) (n int) {
		before := false
		for k := range 721 {
			sin, cos := math.Sincos(float64(k) * math.Pi / 360)
			in := inShape(Star, radius*cos, radius*sin)
			if in && !before && k > 0 {
				n++
			}
			before = in
		}
		return n
	}
	if n := spikes(.36); n != 5 {
		t.Errorf("got %d points, want 5", n)
	}
	if n := spikes(.1); n != 0 {
		t.Errorf("the middle of the star has %d gaps", n)
	}
}

func TestTexturesCoverTheirShare(t *testing.T) {
	zigzag := 0.0 // the integers between y/2 and 5 + y/2, both excluded, of each row y
	for y := range 10 {
		zigzag += float64(min(10, 5+y/2)-y/2-1) / 100
	}
	for texture, want := range map[int]float64{
		0: 1,
		1: .3,        // 3 of 10 rows
		2: 1 - .7*.7, // rows and columns
		4: .52,       // points of a ten by ten tile with (x-4.5)^2 + (y-4.5)^2 < 16
		5: .5,        // every other grain
		7: zigzag,
		8: 1 - math.Pow(.95, 7), // no drop started in the last seven units
		9: .28,                  // two bars of 2 by 8, which share 2 by 2
	} {
		got := covered(scene(centred(Square, texture, 0)))
		if math.Abs(got-want) > .05 {
			t.Errorf("%s covers %.3f, want %.3f", textureNames[texture], got, want)
		}
	}
}

func TestTexturesAreToldApart(t *testing.T) {
	for _, size := range []int{48, 224} {
		var drawn [numClasses]*image.RGBA
		for a := range numClasses {
			drawn[a] = Draw(scene(centred(Square, a, 0)), size)
			for b := range a {
				if d := difference(drawn[a], drawn[b]); d < .1 {
					t.Errorf("%d px: %s and %s differ in %.3f of the pixels", size, textureNames[a], textureNames[b], d)
				}
			}
		}
	}
}

// difference is the share of pixels that differ.
func difference(a, b *image.RGBA) float64 {
	n := 0
	for i := 0; i < len(a.Pix); i += 4 {
		if [3]byte(a.Pix[i:]) != [3]byte(b.Pix[i:]) {
			n++
		}
	}
	return float64(4*n) / float64(len(a.Pix))
}

func TestColorsAreTheirValuesTimesBrightness(t *testing.T) {
	for k, name := range colorNames {
		s := scene(centred(Square, 0, k))
		s.Brightness, s.Background = .8, .4
		img := Draw(s, 48)
		for c := range 3 {
			want := uint8(math.Round(255 * .8 * colorValues[k][c]))
			if got := img.RGBAAt(24, 24); [3]uint8{got.R, got.G, got.B}[c] != want {
				t.Errorf("%s: channel %d: got %v, want %d", name, c, got, want)
			}
		}
		if got := img.RGBAAt(0, 0); got.R != 102 || got.A != 255 {
			t.Errorf("background: got %v, want 102", got)
		}
	}
}

func TestTurningTheFigureLeavesTheTextureAlone(t *testing.T) {
	o := centred(Square, 1, 0)
	turned := o
	turned.Angle = 30
	a, b := Draw(scene(o), 96), Draw(scene(turned), 96)
	for y := 36; y < 60; y++ { // inside both squares
		for x := 36; x < 60; x++ {
			if a.RGBAAt(x, y) != b.RGBAAt(x, y) {
				t.Fatalf("pixel %d,%d changes from %v to %v", x, y, a.RGBAAt(x, y), b.RGBAAt(x, y))
			}
		}
	}
	woven := o
	woven.Weave = 30
	if difference(a, Draw(scene(woven), 96)) < .1 {
		t.Error("turning the texture changes nothing")
	}
}

func TestArrowsAndFishesFaceWhereTheyFace(t *testing.T) {
	mass := func(o Object, from, to int) (n int) { // covered pixels in columns from..to
		s := scene(o)
		img := Draw(s, 96)
		for y := range 96 {
			for x := from; x < to; x++ {
				if img.RGBAAt(x, y).R > 200 {
					n++
				}
			}
		}
		return n
	}
	for _, figure := range []Figure{Arrow, Fish} {
		right, left := centred(figure, 0, 0), centred(figure, 0, 0)
		left.Facing = Left
		if mass(right, 48, 96) <= mass(right, 0, 48) || mass(left, 48, 96) >= mass(left, 0, 48) {
			t.Errorf("%s: the heavy half is not in front", figureNames[figure])
		}
	}
	up, down := centred(Arrow, 0, 0), centred(Arrow, 0, 0)
	up.Facing, down.Facing = Up, Down
	if a, b := Draw(scene(up), 96), Draw(scene(down), 96); a.RGBAAt(24, 40).R < 200 || b.RGBAAt(24, 40).R > 200 || b.RGBAAt(24, 56).R < 200 {
		t.Error("the head of an arrow that points up is not at the top")
	}
}

func TestCodeIsStampedLeftToRight(t *testing.T) {
	s := scene(centred(Square, 0, 0))
	s.CodeBits, s.Code = 8, 0b01000101
	img := Draw(s, 48)
	for bit := range 8 {
		want := uint8(0)
		if bit == 0 || bit == 2 || bit == 6 {
			want = 255
		}
		for _, p := range []image.Point{{3 * bit, 0}, {3*bit + 2, 2}} {
			if got := img.RGBAAt(p.X, p.Y).G; got != want {
				t.Errorf("bit %d at %v: got %d, want %d", bit, p, got, want)
			}
		}
	}
	if got := img.RGBAAt(24, 1); got.R != 128 {
		t.Errorf("beside the code: got %v, want background", got)
	}
}

func TestEncodeKeepsThePixels(t *testing.T) {
	img := Draw(scene(centred(Star, 5, 3)), 64)
	for range 3 { // buffers are used again
		if got := decode(t, encode(t, img)); difference(got, img) != 0 {
			t.Error("the PNG differs from the image")
		}
	}
}
