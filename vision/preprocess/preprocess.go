package preprocess

import (
	"fmt"
	"sync"
)

// Preprocessor makes images into pixels as its Config says. It is safe for many goroutines; each call uses one thread.
type Preprocessor struct {
	config Config
	native map[string]bool // formats that a library decodes
	simd   bool
}

// New checks the config and finds the decoder libraries.
func New(c Config) (*Preprocessor, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Preprocessor{c, native(), true}, nil
}

// Config returns what New was given.
func (p *Preprocessor) Config() Config { return p.config }

// Eval writes the pixels [3, S, S] of an encoded image, by open_clip's evaluation transform: resized as ResizeMode
// says, then cropped or padded at the centre. For errors that are the image's fault see Reason.
func (p *Preprocessor) Eval(dst []uint8, encoded []byte) error {
	return p.apply(dst, encoded, p.config.Interpolation, func(img size) placement {
		return evalPlacement(img, p.config.ResizeMode, p.config.Size)
	})
}

// Train writes the pixels [3, S, S] of an encoded image, by open_clip's training transform: a random box of
// TrainScale to 1 of the area and an aspect of 3/4 to 4/3, resized by the bicubic filter. The same seed gives the same box.
func (p *Preprocessor) Train(dst []uint8, encoded []byte, seed uint64) error {
	return p.apply(dst, encoded, "bicubic", func(img size) placement {
		return trainPlacement(randomBox(img, p.config.TrainScale, newDraws(seed)), p.config.Size)
	})
}

// Check decodes an image whole and keeps nothing; the error is nil if Eval and Train can use it.
func (p *Preprocessor) Check(encoded []byte) error {
	h, err := readHeader(encoded, p.config.EXIF, p.config.MaxPixels)
	if err != nil {
		return err
	}
	seen := h.size.turned(h.orientation)
	if err := evalPlacement(seen, p.config.ResizeMode, p.config.Size).check(); err != nil {
		return err
	}
	if p.streams(h) {
		return nativeRows(h.format, encoded, h.size, nil, nil)
	}
	pixels, err := p.pixels(h, encoded)
	recyclePixels(pixels)
	return err
}

// apply decodes, resizes and crops; place is given the size of the image as it is to be seen.
func (p *Preprocessor) apply(dst []uint8, encoded []byte, filter string, place func(size) placement) error {
	s := p.config.Size
	if len(dst) != 3*s*s {
		return fmt.Errorf("preprocess: room for %d pixel values, want 3 * %d * %d", len(dst), s, s)
	}
	h, err := readHeader(encoded, p.config.EXIF, p.config.MaxPixels)
	if err != nil {
		return err
	}
	seen := h.size.turned(h.orientation)
	pl := place(seen)
	if err := pl.check(); err != nil {
		return err
	}
	r, err := newResampler(pl, filters[filter], s, p.config.HorizontalFirst, p.simd)
	if err != nil {
		return err
	}
	defer r.free()
	if pl.crop.w < s || pl.crop.h < s {
		fill(dst, uint8(p.config.FillColor))
	}
	if p.streams(h) {
		return nativeRows(h.format, encoded, h.size, r, dst)
	}
	pixels, err := p.pixels(h, encoded)
	if err != nil {
		return err
	}
	r.image(dst, pixels, seen)
	recyclePixels(pixels)
	return nil
}

// streams says whether the rows can go to the resampler as they are decoded.
func (p *Preprocessor) streams(h header) bool {
	return h.orientation == 1 && (h.format == "jpeg" || h.format == "png") && p.native[h.format]
}

// pixels decodes a whole image and turns it.
func (p *Preprocessor) pixels(h header, encoded []byte) ([]byte, error) {
	pixels := newPixels(h.size)
	if err := p.decode(h, encoded, pixels); err != nil {
		recyclePixels(pixels)
		return nil, err
	}
	return turn(pixels, h.size, h.orientation), nil
}

func (p *Preprocessor) decode(h header, encoded, pixels []byte) error {
	switch {
	case !p.native[h.format]:
		return decodeGo(h, encoded, pixels)
	case h.format == "webp":
		return nativeWebP(h, pixels)
	}
	return nativeRows(h.format, encoded, h.size, nil, pixels)
}

func fill(dst []uint8, v uint8) {
	for i := range dst {
		dst[i] = v
	}
}

// rowPadding is what the resampler may read past the end; see ROW_PADDING.
const rowPadding = 16

var pixelPool sync.Pool // of *[]byte

// newPixels returns memory for an image, black.
func newPixels(s size) []byte {
	n := 4 * s.w * s.h
	if old, ok := pixelPool.Get().(*[]byte); ok && cap(*old) >= n+rowPadding {
		pixels := (*old)[:n]
		clear(pixels)
		return pixels
	}
	return make([]byte, n, n+rowPadding)
}

func recyclePixels(pixels []byte) {
	if pixels != nil {
		pixelPool.Put(&pixels)
	}
}
