package preprocess

// #include "codec.h"
import "C"

import (
	"errors"
	"unsafe"
)

// A resampler resizes rows that are given in order. Its memory is C's, so that decoders can call it.
type resampler struct {
	c      *C.resampler
	offset int // of the first result within [3, S, S]
}

func newResampler(pl placement, f filter, s int, horizontalFirst, simd bool) (*resampler, error) {
	x := newTaps(f, pl.box.w, pl.resized.w, pl.crop.x, pl.crop.w).shift(pl.box.x)
	y := newTaps(f, pl.box.h, pl.resized.h, pl.crop.y, pl.crop.h).shift(pl.box.y)
	verticalFirst := !horizontalFirst && cheaperVerticalFirst(pl.box, pl.resized)
	c := C.resampler_new(
		C.int(pl.crop.w), C.int(x.stride), int32s(x.first), int32s(x.count), int32s(x.weight),
		C.int(pl.crop.h), C.int(y.stride), int32s(y.first), int32s(y.count), int32s(y.weight),
		C.int(s), truth(verticalFirst), truth(simd && C.resampler_has_simd() != 0))
	if c == nil {
		return nil, errors.New("out of memory")
	}
	return &resampler{c, pl.y*s + pl.x}, nil
}

// cheaperVerticalFirst is Pillow 13's choice of which pass comes first; older releases always take the horizontal one.
func cheaperVerticalFirst(from rect, to size) bool {
	return from.h > to.h && from.h-to.h > 2*(from.w-to.w)
}

func (r *resampler) free() { C.resampler_free(r.c) }

// image resizes an image in memory into dst [3, S, S].
func (r *resampler) image(dst, pixels []byte, from size) {
	C.resampler_image(r.c, bytePointer(dst[r.offset:]), bytePointer(pixels), C.int(from.w), C.int(from.h))
}

func (r *resampler) complete() bool { return C.resampler_complete(r.c) != 0 }

// nativeRows decodes a JPEG or PNG with its library: with a resampler into dst [3, S, S], without one into out, an
// image of 4 bytes a pixel, which can be nil.
func nativeRows(format string, data []byte, img size, r *resampler, out []byte) error {
	var c *C.resampler
	if r != nil {
		c, out = r.c, out[r.offset:]
	}
	var message [C.MESSAGE_BYTES]C.char
	var status C.int
	if format == "jpeg" {
		status = C.jpeg_decode(bytePointer(data), C.size_t(len(data)), C.int(img.w), C.int(img.h), c, bytePointer(out), &message[0])
	} else {
		status = C.png_decode(bytePointer(data), C.size_t(len(data)), C.int(img.w), C.int(img.h), c, bytePointer(out), &message[0])
	}
	if err := codecError(format, status, C.GoString(&message[0])); err != nil {
		return err
	}
	if r != nil && !r.complete() {
		return refuse(Damaged, "%s: rows are missing", format)
	}
	return nil
}

// nativeWebP decodes into an image of 4 bytes a pixel.
func nativeWebP(h header, out []byte) error {
	at := 4 * (h.frame.y*h.size.w + h.frame.x)
	status := C.webp_decode(bytePointer(h.frame.data), C.size_t(len(h.frame.data)), bytePointer(out[at:]),
		C.size_t(len(out)-at), C.int(4*h.size.w))
	return codecError("webp", status, "libwebp cannot decode it")
}

func codecError(format string, status C.int, message string) error {
	switch status {
	case C.CODEC_OK:
		return nil
	case C.CODEC_MEMORY:
		return errors.New(format + ": out of memory")
	case C.CODEC_TRUNCATED:
		return refuse(Damaged, "%s is truncated: %s", format, message)
	}
	return refuse(Damaged, "%s: %s", format, message)
}

func int32s(v []int32) *C.int32_t { return (*C.int32_t)(unsafe.Pointer(unsafe.SliceData(v))) }

func bytePointer(v []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(v))) }

func truth(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
