package speed

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strings"
)

// Caption makes a caption whose number of words has the spread of Conceptual Captions: Sharma et al. 2018, table 1, give a
// mean of 10.3 tokens, a standard deviation of 4.5 and a median of 9; a lognormal of that mean and deviation has the median
// 9.4. With start and end token CLIP's vocabulary makes about 13 of them.
func Caption(r *rand.Rand) string {
	const mean, deviation = 10.3, 4.5
	variance := math.Log1p(deviation * deviation / (mean * mean))
	n := math.Exp(math.Log(mean) - variance/2 + math.Sqrt(variance)*r.NormFloat64())
	list := make([]string, min(max(3, int(math.Round(n))), 60))
	for i := range list {
		at := math.Pow(r.Float64(), 1.7) // the first words are the frequent ones
		list[i] = words[int(at*float64(len(words)))]
	}
	return strings.Join(list, " ")
}

var words = strings.Fields(`a the of in on with and at is to from by an for her his this person actor artist man woman people
	team player beach city street house water tree dog cat girl boy white black red blue green young old new background
	front view during game day night event film festival show stage celebrity premiere award match football park mountain
	river lake sunset sky cloud car train bridge building tower church garden flower leaf forest snow winter summer
	autumn kitchen room interior design illustration vector pattern fabric dress fashion week model walks runway poses
	portrait smiling sitting standing running holding wearing playing waiting crowd children family wedding bride
	photograph aerial skyline architecture waterfall lighthouse vineyard skateboarder watercolour silhouette hydrangea`)

// Photo makes a JPEG with the size and the bytes per pixel (about a fifth) of photographs on the web: smooth shades on
// several scales, figures with edges, and a sensor's noise.
func Photo(r *rand.Rand) ([]byte, error) {
	w, h := 400+r.IntN(400), 300+r.IntN(300)
	if r.IntN(3) == 0 {
		w, h = h, w
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	shade := newShade(r)
	figures := newFigures(r, w, h)
	for y := range h {
		for x := range w {
			c := shade.at(float64(x), float64(y))
			figures.draw(&c, float64(x), float64(y))
			noise := r.NormFloat64() * 4
			img.SetRGBA(x, y, color.RGBA{clip(c[0] + noise), clip(c[1] + noise), clip(c[2] + noise), 255})
		}
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85})
	return out.Bytes(), err
}

func clip(v float64) uint8 { return uint8(min(max(v, 0), 255)) }

// shade is a sum of waves of falling size.
type shade struct {
	base  [3]float64
	waves [12][4]float64 // by x, by y, phase, height
}

func newShade(r *rand.Rand) *shade {
	s := &shade{base: [3]float64{60 + 140*r.Float64(), 60 + 140*r.Float64(), 60 + 140*r.Float64()}}
	for i := range s.waves {
		frequency := 0.004 * math.Pow(1.6, float64(i))
		angle := 2 * math.Pi * r.Float64()
		s.waves[i] = [4]float64{frequency * math.Cos(angle), frequency * math.Sin(angle), 2 * math.Pi * r.Float64(), 45 / math.Pow(1.35, float64(i))}
	}
	return s
}

func (s *shade) at(x, y float64) [3]float64 {
	c := s.base
	for i, w := range s.waves {
		v := w[3] * math.Sin(w[0]*x+w[1]*y+w[2])
		c[i%3] += v
		c[(i+1)%3] += v / 2
	}
	return c
}

// figures are ellipses of plain colours.
type figures [][7]float64 // centre, radii, colour

func newFigures(r *rand.Rand, w, h int) figures {
	f := make(figures, 4+r.IntN(8))
	for i := range f {
		f[i] = [7]float64{
			r.Float64() * float64(w), r.Float64() * float64(h), 10 + r.Float64()*float64(w)/4, 10 + r.Float64()*float64(h)/4,
			255 * r.Float64(), 255 * r.Float64(), 255 * r.Float64(),
		}
	}
	return f
}

// draw shades the pixel where a figure covers it.
func (f figures) draw(c *[3]float64, x, y float64) {
	for _, e := range f {
		dx, dy := (x-e[0])/e[2], (y-e[1])/e[3]
		if dx*dx+dy*dy < 1 {
			for i := range c {
				c[i] = 0.3*c[i] + 0.7*e[4+i]
			}
		}
	}
}
