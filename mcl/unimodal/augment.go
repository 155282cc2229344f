package unimodal

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Augment says how a view is made of a picture (Chen et al. 2020, appendix A; torchvision's transforms of the same names).
type Augment struct {
	MinScale float64 `json:"min_scale"` // RandomResizedCrop: area from this share on, sides 3:4 to 4:3; 1 keeps the picture whole
	Flip     bool    `json:"flip"`      // from left to right in half of the views
	Jitter   float64 `json:"jitter"`    // strength s of ColorJitter(.8s, .8s, .8s, .2s) in 8 of 10 views
	Gray     float64 `json:"gray"`      // share of views without colour
}

// DefaultAugment is SimCLR's for CIFAR: s = .5, no blur.
func DefaultAugment() Augment { return Augment{MinScale: .08, Flip: true, Jitter: .5, Gray: .2} }

// Validate names the first setting that cannot be.
func (a Augment) Validate() error {
	switch {
	case !(a.MinScale > 0 && a.MinScale <= 1):
		return fmt.Errorf("--min-scale %g: want more than 0 and at most 1", a.MinScale)
	case !(a.Jitter >= 0 && a.Jitter <= 1):
		return fmt.Errorf("--jitter %g: want 0 to 1", a.Jitter)
	case !(a.Gray >= 0 && a.Gray <= 1):
		return fmt.Errorf("--gray %g: want 0 to 1", a.Gray)
	}
	return nil
}

// View writes a view of a picture [3, S, S] to dst of the same size.
func (a Augment) View(dst, picture []uint8, size int, r *rand.Rand) {
	x, y, w, h := a.crop(size, r)
	resize(dst, picture, size, x, y, w, h, a.Flip && r.IntN(2) == 1)
	if a.Jitter > 0 && r.Float64() < .8 {
		a.jitter(dst, size*size, r)
	}
	if r.Float64() < a.Gray {
		gray(dst, size*size)
	}
}

// crop is the rule of torchvision's RandomResizedCrop: ten trials, then the whole.
func (a Augment) crop(size int, r *rand.Rand) (x, y, w, h int) {
	if a.MinScale == 1 {
		return 0, 0, size, size
	}
	for range 10 {
		area := float64(size*size) * (a.MinScale + (1-a.MinScale)*r.Float64())
		ratio := math.Exp(math.Log(3./4) + math.Log(16./9)*r.Float64())
		w, h = int(math.Round(math.Sqrt(area*ratio))), int(math.Round(math.Sqrt(area/ratio)))
		if 0 < w && w <= size && 0 < h && h <= size {
			return r.IntN(size - w + 1), r.IntN(size - h + 1), w, h
		}
	}
	return 0, 0, size, size
}

// resize scales a rectangle of a picture to the whole by bilinear interpolation between pixel centres.
func resize(dst, src []uint8, size, x, y, w, h int, flip bool) {
	columns := make([]tap, size)
	for i := range columns {
		columns[i] = tapAt(i, size, x, w)
	}
	for row := range size {
		t := tapAt(row, size, y, h)
		for c := range 3 {
			plane := src[c*size*size:]
			up, down := plane[t.low*size:], plane[t.high*size:]
			out := dst[(c*size+row)*size:]
			for i, col := range columns {
				top := float32(up[col.low])*(1-col.share) + float32(up[col.high])*col.share
				bottom := float32(down[col.low])*(1-col.share) + float32(down[col.high])*col.share
				if flip {
					i = size - 1 - i
				}
				out[i] = uint8(top*(1-t.share) + bottom*t.share + .5)
			}
		}
	}
}

// tap is the two pixels between which a new one lies.
type tap struct {
	low, high int
	share     float32 // of high
}

func tapAt(i, size, from, length int) tap {
	at := (float64(i)+.5)*float64(length)/float64(size) - .5
	at = min(max(at, 0), float64(length-1))
	low := int(at)
	return tap{from + low, from + min(low+1, length-1), float32(at - float64(low))}
}

// jitter changes brightness, contrast, saturation and hue in a random order.
func (a Augment) jitter(v []uint8, plane int, r *rand.Rand) {
	factor := func() float32 { return float32(1 + .8*a.Jitter*(2*r.Float64()-1)) }
	for _, change := range r.Perm(4) {
		switch change {
		case 0:
			blend(v, func(int) float32 { return 0 }, plane, factor())
		case 1:
			mean := meanLuminance(v, plane)
			blend(v, func(int) float32 { return mean }, plane, factor())
		case 2:
			blend(v, func(i int) float32 { return luminance(v, plane, i) }, plane, factor())
		default:
			turnHue(v, plane, .2*a.Jitter*(2*r.Float64()-1))
		}
	}
}

// blend moves every pixel from a grey level: level + factor (v - level).
func blend(v []uint8, level func(i int) float32, plane int, factor float32) {
	for i := range plane {
		l := level(i)
		for c := range 3 {
			v[c*plane+i] = clampByte(l + factor*(float32(v[c*plane+i])-l))
		}
	}
}

func clampByte(v float32) uint8 { return uint8(min(max(v, 0), 255) + .5) }

func luminance(v []uint8, plane, i int) float32 {
	return .299*float32(v[i]) + .587*float32(v[plane+i]) + .114*float32(v[2*plane+i])
}

func meanLuminance(v []uint8, plane int) float32 {
	sum := float32(0)
	for i := range plane {
		sum += luminance(v, plane, i)
	}
	return sum / float32(plane)
}

func gray(v []uint8, plane int) {
	for i := range plane {
		l := clampByte(luminance(v, plane, i))
		v[i], v[plane+i], v[2*plane+i] = l, l, l
	}
}

// turnHue turns the hue by a share of the circle and leaves saturation and value (the HSV model).
func turnHue(v []uint8, plane int, by float64) {
	for i := range plane {
		red, green, blue := float64(v[i]), float64(v[plane+i]), float64(v[2*plane+i])
		top, bottom := max(red, green, blue), min(red, green, blue)
		d := top - bottom
		if d == 0 {
			continue
		}
		var hue float64 // in sixths
		switch top {
		case red:
			hue = math.Mod((green-blue)/d+6, 6)
		case green:
			hue = (blue-red)/d + 2
		default:
			hue = (red-green)/d + 4
		}
		hue = math.Mod(hue+6*by+6, 6)
		for c, shift := range [3]float64{5, 3, 1} {
			k := math.Mod(shift+hue, 6)
			v[c*plane+i] = clampByte(float32(top - d*max(0, min(k, 4-k, 1))))
		}
	}
}
