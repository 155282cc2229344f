package preprocess

import (
	"math"
	"math/rand/v2"
)

type size struct{ w, h int }

type rect struct{ x, y, w, h int }

// A placement says which pixels end up where.
type placement struct {
	box     rect // part of the image that is resized, as if the rest did not exist
	resized size // of the box
	crop    rect // part of the resized box that is kept
	x, y    int  // where the crop lies within the S x S result
}

// check refuses what would be resized to nothing, which longest does to an extreme aspect.
func (pl placement) check() error {
	if pl.resized.w < 1 || pl.resized.h < 1 {
		return refuse(Unsupported, "%d x %d pixels are too narrow to keep their aspect", pl.box.w, pl.box.h)
	}
	return nil
}

// resizeModes give the size to which an image is resized for a result of side s.
var resizeModes = map[string]func(img size, s int) size{
	"shortest": shortest,
	"longest":  longest,
	"squash":   func(_ size, s int) size { return size{s, s} },
}

// shortest is torchvision's Resize with one number.
func shortest(img size, s int) size {
	if img.w <= img.h {
		return size{s, ratio(s*img.h, img.w)}
	}
	return size{ratio(s*img.w, img.h), s}
}

func ratio(a, b int) int { return int(float64(a) / float64(b)) }

// longest is open_clip's ResizeKeepRatio with longest=1.
func longest(img size, s int) size {
	shrink := max(float64(img.h)/float64(s), float64(img.w)/float64(s))
	scaled := func(n int) int { return int(math.RoundToEven(float64(n) / shrink)) }
	return size{scaled(img.w), scaled(img.h)}
}

// evalPlacement is the evaluation transform of open_clip for an image of the given size.
func evalPlacement(img size, mode string, s int) placement {
	to := resizeModes[mode](img, s)
	x, w, atX := centered(to.w, s)
	y, h, atY := centered(to.h, s)
	return placement{rect{0, 0, img.w, img.h}, to, rect{x, y, w, h}, atX, atY}
}

// centered crops n to s or pads it to s: the first of the n that is kept, how many are, and where they start.
func centered(n, s int) (first, count, at int) {
	if n < s {
		return 0, n, (s - n) / 2
	}
	return int(math.RoundToEven(float64(n-s) / 2)), s, 0
}

// trainPlacement is the training transform of open_clip for a box drawn by randomBox.
func trainPlacement(box rect, s int) placement {
	return placement{box, size{s, s}, rect{0, 0, s, s}, 0, 0}
}

// aspectRange is that of torchvision's RandomResizedCrop in open_clip: the logarithm of width to height.
var aspectRange = [2]float64{math.Log(3. / 4), math.Log(4. / 3)}

// draws is the randomness that a box needs: a real in [low, high) and an integer in [0, n).
type draws interface {
	uniform(low, high float64) float64
	below(n int) int
}

type pcg struct{ *rand.Rand }

// The second word only sets these draws apart from others that are made with the same seed.
func newDraws(seed uint64) draws { return pcg{rand.New(rand.NewPCG(seed, 0x637261706f626f78))} }

// Single precision, as the tensors from which torchvision takes its numbers.
func (r pcg) uniform(low, high float64) float64 {
	return float64(float32(low + (high-low)*float64(r.Float32())))
}

func (r pcg) below(n int) int { return r.IntN(n) }

// randomBox is torchvision's RandomResizedCrop.get_params: ten tries, then the largest central box whose aspect is in
// range.
func randomBox(img size, least float64, r draws) rect {
	area := float64(img.w * img.h)
	for range 10 {
		target := area * r.uniform(least, 1)
		aspect := float64(float32(math.Exp(r.uniform(aspectRange[0], aspectRange[1]))))
		w := int(math.RoundToEven(math.Sqrt(target * aspect)))
		h := int(math.RoundToEven(math.Sqrt(target / aspect)))
		if 0 < w && w <= img.w && 0 < h && h <= img.h {
			y := r.below(img.h - h + 1)
			return rect{r.below(img.w - w + 1), y, w, h}
		}
	}
	return centralBox(img)
}

func centralBox(img size) rect {
	const narrowest, widest = 3. / 4, 4. / 3
	w, h := img.w, img.h
	switch aspect := float64(w) / float64(h); {
	case aspect < narrowest:
		h = int(math.RoundToEven(float64(w) / narrowest))
	case aspect > widest:
		w = int(math.RoundToEven(float64(h) * widest))
	}
	return rect{(img.w - w) / 2, (img.h - h) / 2, w, h}
}
