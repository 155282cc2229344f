package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/png"
	"io"
	"strings"

	"github.com/mclclip/mclclip/vision/preprocess/internal/jpeg"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
)

// decodeGo decodes without libraries into a black image of 4 bytes a pixel: JPEG by our own decoder, because Go's gives
// other pixels than libjpeg, and everything else by Go's.
func decodeGo(h header, encoded, pixels []byte) (err error) {
	defer recoverDecoder(h.format, &err)
	out := canvas{pixels, h.size.w, rect{0, 0, h.size.w, h.size.h}}
	switch h.format {
	case "jpeg":
		err = jpeg.Decode(encoded, h.size.w, h.size.h, out.row)
	case "gif":
		err = decodeGIF(out, encoded)
	case "webp":
		err = decodeWebP(out, h.frame)
	case "png":
		err = out.drawFrom(png.Decode, endedPNG(encoded))
	case "bmp":
		err = out.drawFrom(bmp.Decode, bytes.NewReader(encoded))
	case "tiff":
		err = out.drawFrom(tiff.Decode, bytes.NewReader(encoded))
	}
	return decoderError(h.format, err)
}

func (c canvas) drawFrom(decode func(io.Reader) (image.Image, error), encoded io.Reader) error {
	img, err := decode(encoded)
	if err != nil {
		return err
	}
	return c.draw(img)
}

// endedPNG is the file up to its last chunk of pixels, and an end chunk: libpng and Pillow read no further, so that what
// lacks only its end is good enough for them.
func endedPNG(encoded []byte) io.Reader {
	const end = "\x00\x00\x00\x00IEND\xaeB`\x82"
	at, pixels := 8, false
	for at+12 <= len(encoded) {
		length := int(binary.BigEndian.Uint32(encoded[at:]))
		isPixels := string(encoded[at+4:at+8]) == "IDAT"
		if length > len(encoded)-at-12 || pixels && !isPixels {
			break
		}
		at, pixels = at+12+length, isPixels
	}
	if !pixels {
		return bytes.NewReader(encoded)
	}
	return io.MultiReader(bytes.NewReader(encoded[:at]), strings.NewReader(end))
}

func decodeWebP(out canvas, f webpFrame) error {
	out.part = rect{f.x, f.y, f.size.w, f.size.h}
	if !f.lossy {
		img, err := vp8l.Decode(bytes.NewReader(f.data))
		if err != nil {
			return err
		}
		return out.draw(img)
	}
	d := vp8.NewDecoder()
	d.Init(bytes.NewReader(f.data), len(f.data))
	if _, err := d.DecodeFrameHeader(); err != nil {
		return err
	}
	img, err := d.DecodeFrame()
	if err != nil {
		return err
	}
	if !out.fits(img) {
		return errors.New("two headers of different size")
	}
	out.drawVP8(img)
	return nil
}

// decodeGIF draws the first frame; around it is the transparent colour or else the first one, as in Pillow.
func decodeGIF(out canvas, encoded []byte) error {
	encoded, background := opaqueGIF(encoded)
	img, err := gif.Decode(bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	frame := img.(*image.Paletted)
	if int(background) < len(frame.Palette) {
		r, g, b := straight(frame.Palette[background])
		for i := 0; i < len(out.pixels); i += 4 {
			out.pixels[i], out.pixels[i+1], out.pixels[i+2] = r, g, b
		}
	}
	at := frame.Rect.Min
	out.part = rect{at.X, at.Y, frame.Rect.Dx(), frame.Rect.Dy()}
	return out.draw(frame)
}

// opaqueGIF returns a copy of which the first frame has no transparent colour, because Go's decoder replaces it by
// black, and the index of that colour.
func opaqueGIF(encoded []byte) (opaque []byte, transparent byte) {
	const extension, graphicControl, transparencyFlag = 0x21, 0xF9, 1
	data := bytes.Clone(encoded)
	at := 13
	if data[10]&0x80 != 0 {
		at += 3 << (1 + data[10]&7)
	}
	for at+7 < len(data) && data[at] == extension {
		if data[at+1] == graphicControl && data[at+2] >= 4 && data[at+3]&transparencyFlag != 0 {
			data[at+3] &^= transparencyFlag
			transparent = data[at+6]
		}
		for at += 2; at < len(data) && data[at] != 0; {
			at += 1 + int(data[at])
		}
		at++
	}
	return data, transparent
}

// decoderError gives an error of Go's decoders a reason.
func decoderError(format string, err error) error {
	var known *imageError
	var pngError png.UnsupportedError
	var tiffError tiff.UnsupportedError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, jpeg.ErrUnsupported), errors.As(err, &pngError), errors.As(err, &tiffError), errors.Is(err, bmp.ErrUnsupported):
		return refuse(Unsupported, "%s: %v", format, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, jpeg.ErrTruncated):
		return refuse(Damaged, "%s is truncated: %v", format, err)
	}
	return refuse(Damaged, "%s: %v", format, err)
}

// recoverDecoder turns a panic of a decoder into an error: what comes from the web must not end the program.
func recoverDecoder(format string, err *error) {
	if fault := recover(); fault != nil {
		*err = refuse(Damaged, "%s: the decoder panicked: %v", format, fault)
	}
}
