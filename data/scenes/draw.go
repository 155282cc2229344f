package scenes

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"sync"
)

// samples is the number of points looked at in a pixel, along each axis.
const samples = 4

// layer is one colour laid over a region.
type layer struct {
	color [3]float64
	reach float64                   // half side of a square, around the object's centre and in its units, that holds the region
	on    func(x, y float64) bool   // x, y in units of the object's size from its centre, turned with it
	weave func(px, py float64) bool // the texture at a pixel; nil for none
}

// Draw renders the scene as a square image. The same scene gives the same pixels on every machine that computes in
// IEEE double precision without fused operations; on others a pixel may differ by rounding.
func Draw(s Scene, size int) *image.RGBA {
	pixels := make([][3]float64, size*size)
	for i := range pixels {
		pixels[i] = [3]float64{s.Background, s.Background, s.Background}
	}
	for _, o := range s.Objects {
		for _, l := range s.layers(o, size) {
			l.paint(pixels, o, size)
		}
	}
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for i, p := range pixels {
		for c := range 3 {
			img.Pix[4*i+c] = uint8(math.Round(255 * min(1, max(0, p[c]))))
		}
		img.Pix[4*i+3] = 255
	}
	for _, o := range s.Objects {
		if o.Figure == Sign {
			drawWord(img, o, size)
		}
	}
	drawCode(img, s)
	return img
}

// layers returns what an object is painted with, from the bottom up. In the triple mode only the texture is painted, as in
// Trifeature; in the scene mode there is a pale ground below it, or an arrow of dots would have no tip.
func (s Scene) layers(o Object, size int) []layer {
	paint := colorValues[o.Color]
	var black, pale [3]float64
	for c := range paint {
		paint[c] *= s.Brightness
		pale[c] = s.Background + .45*(paint[c]-s.Background)
	}
	var all []layer
	if !s.Triple {
		all = append(all, layer{color: pale, reach: .5, on: o.inside()})
	}
	all = append(all, layer{color: paint, reach: .5, on: o.inside(), weave: o.texture(size)})
	switch {
	case o.Figure == Glass && o.Full:
		all = append(all, layer{color: [3]float64{.1, .1, .1}, reach: .5, on: inFilling})
	case o.Figure == Cup && o.Above:
		all = append(all, layer{reach: .5, on: inMouth})
	case o.Figure == Sign:
		all = append(all, layer{color: [3]float64{.95, .95, .95}, reach: .5, on: inPlate})
	}
	if o.Dot {
		all = append(all, layer{color: black, reach: .5, on: func(x, y float64) bool { return inDisc(x, y, 0, 0, .17) }})
	}
	if o.Frame {
		all = append(all, layer{color: black, reach: .7, on: inFrame})
	}
	return all
}

// inside returns the region of the object's figure.
func (o Object) inside() func(x, y float64) bool {
	region := map[Figure]func(x, y float64) bool{Arrow: inArrow, Fish: inFish, Glass: inGlass, Cup: inCup, Sign: inSign}[o.Figure]
	switch {
	case region == nil:
		region = func(x, y float64) bool { return inShape(o.Figure, x, y) }
	case o.Figure == Cup && o.Above:
		region = inCupAbove
	}
	if o.Broken {
		whole := region
		region = func(x, y float64) bool { return whole(x, y) && !inCrack(x, y) }
	}
	return o.turned(region)
}

// turned lets the region face where the object faces. A fish that looks left is mirrored, not upside down.
func (o Object) turned(region func(x, y float64) bool) func(x, y float64) bool {
	switch o.Facing {
	case Down:
		return func(x, y float64) bool { return region(y, -x) }
	case Left:
		return func(x, y float64) bool { return region(-x, y) }
	case Up:
		return func(x, y float64) bool { return region(-y, x) }
	}
	return region
}

// texture returns the object's texture as a function of the place in the image, in pixels.
func (o Object) texture(size int) func(px, py float64) bool {
	units := texturePeriod / periodPixels(size) // a pixel covers
	w := weave{texture: o.Texture, grain: o.Grain, pixel: units}
	sin, cos := math.Sincos(o.Weave * math.Pi / 180)
	cx, cy := o.X*float64(size), o.Y*float64(size)
	return func(px, py float64) bool {
		x, y := (px-cx)*units, (py-cy)*units
		return w.on(cos*x+sin*y+o.OffX, cos*y-sin*x+o.OffY)
	}
}

// paint lays the layer over the pixels, each in proportion to the points in it that the layer covers.
func (l layer) paint(pixels [][3]float64, o Object, size int) {
	sin, cos := math.Sincos(o.Angle * math.Pi / 180)
	cx, cy, unit := o.X*float64(size), o.Y*float64(size), o.Size*float64(size)
	half := l.reach * unit * (math.Abs(sin) + math.Abs(cos))
	for py := max(0, int(cy-half)); py < min(size, int(cy+half)+1); py++ {
		for px := max(0, int(cx-half)); px < min(size, int(cx+half)+1); px++ {
			hits := 0
			for k := range samples * samples {
				x := float64(px) + (float64(k%samples)+.5)/samples
				y := float64(py) + (float64(k/samples)+.5)/samples
				u, v := (x-cx)/unit, (y-cy)/unit
				if l.on(cos*u+sin*v, cos*v-sin*u) && (l.weave == nil || l.weave(x, y)) {
					hits++
				}
			}
			share := float64(hits) / (samples * samples)
			p := &pixels[py*size+px]
			for c := range p {
				p[c] += share * (l.color[c] - p[c])
			}
		}
	}
}

// drawCode stamps the code along the upper edge: a white square for a bit that is on, a black one for a bit that is off.
func drawCode(img *image.RGBA, s Scene) {
	side := codeHeight(img.Rect.Dx())
	for bit := range s.CodeBits {
		shade := color.RGBA{A: 255}
		if s.Code>>bit&1 == 1 {
			shade = color.RGBA{255, 255, 255, 255}
		}
		for y := range side {
			for x := range side {
				img.SetRGBA(bit*side+x, y, shade)
			}
		}
	}
}

var pngEncoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &encoderBuffers{}}

// encoderBuffers lets PNG encoders share their buffers: allocating them takes longer than encoding a small image.
type encoderBuffers struct{ pool sync.Pool }

func (b *encoderBuffers) Get() *png.EncoderBuffer {
	buffer, _ := b.pool.Get().(*png.EncoderBuffer)
	return buffer
}

func (b *encoderBuffers) Put(buffer *png.EncoderBuffer) { b.pool.Put(buffer) }

// Encode returns the image as a PNG file.
func Encode(img *image.RGBA) ([]byte, error) {
	var out bytes.Buffer
	if err := pngEncoder.Encode(&out, img); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
