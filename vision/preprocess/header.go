package preprocess

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// Sides above this are refused: JPEG has no larger ones, and they would let a small file ask for much memory.
const longestSide = 65535

// header is what is known of an image before any of its pixels is decoded.
type header struct {
	format      string
	size        size
	orientation int // EXIF's 1..8
	frame       webpFrame
}

var signatures = []struct {
	format string
	starts string
	read   func(data []byte, exif bool) (header, error)
}{
	{"jpeg", "\xff\xd8\xff", jpegHeader},
	{"png", "\x89PNG\r\n\x1a\n", pngHeader},
	{"gif", "GIF87a", gifHeader},
	{"gif", "GIF89a", gifHeader},
	{"bmp", "BM", bmpHeader},
	{"tiff", "II*\x00", tiffHeader},
	{"tiff", "MM\x00*", tiffHeader},
}

// readHeader recognises the format and checks the size; exif asks for the orientation too.
func readHeader(data []byte, exif bool, maxPixels int) (header, error) {
	if len(data) == 0 {
		return header{}, refuse(Empty, "")
	}
	h, err := parseHeader(data, exif)
	if err != nil {
		return header{}, err
	}
	if h.orientation < 1 || h.orientation > 8 {
		h.orientation = 1
	}
	return h, checkSize(h, maxPixels)
}

func parseHeader(data []byte, exif bool) (header, error) {
	for _, s := range signatures {
		if bytes.HasPrefix(data, []byte(s.starts)) {
			h, err := s.read(data, exif)
			h.format = s.format
			return h, err
		}
	}
	if len(data) >= 12 {
		switch {
		case string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
			h, err := webpHeader(data, exif)
			h.format = "webp"
			return h, err
		case string(data[4:8]) == "ftyp":
			return header{}, refuse(Unsupported, "an ISO media file (AVIF, HEIC or the like)")
		case string(data[4:8]) == "JXL ":
			return header{}, refuse(Unsupported, "a JPEG XL file")
		}
	}
	return header{}, refuse(NotImage, "it starts with %q", data[:min(len(data), 12)])
}

func checkSize(h header, maxPixels int) error {
	w, tall := h.size.w, h.size.h
	switch {
	case w < 1 || tall < 1:
		return refuse(Damaged, "%s of %d x %d pixels", h.format, w, tall)
	case w > longestSide || tall > longestSide:
		return refuse(TooLarge, "%s of %d x %d pixels; a side can be %d at most", h.format, w, tall, longestSide)
	case w*tall > maxPixels:
		return refuse(TooLarge, "%s of %d x %d pixels, more than %d", h.format, w, tall, maxPixels)
	}
	return nil
}

func cutOff(format string) error {
	return refuse(Damaged, "%s: the data ends within the header", format)
}

func pngHeader(data []byte, exif bool) (header, error) {
	if len(data) < 33 || string(data[12:16]) != "IHDR" {
		return header{}, cutOff("png")
	}
	h := header{size: size{side32(data[16:]), side32(data[20:])}}
	for at := 8; exif && at+12 <= len(data); {
		length := int(binary.BigEndian.Uint32(data[at:]))
		if length > len(data)-at-12 {
			break
		}
		if string(data[at+4:at+8]) == "eXIf" {
			h.orientation = orientation(data[at+8 : at+8+length])
		}
		at += 12 + length
	}
	return h, nil
}

// side32 keeps a 32-bit size from overflowing an int when it is multiplied.
func side32(b []byte) int { return int(min(binary.BigEndian.Uint32(b), longestSide+1)) }

func gifHeader(data []byte, _ bool) (header, error) {
	if len(data) < 13 {
		return header{}, cutOff("gif")
	}
	return header{size: size{int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))}}, nil
}

func bmpHeader(data []byte, _ bool) (h header, err error) {
	defer recoverDecoder("bmp", &err)
	config, err := bmp.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return header{}, decoderError("bmp", err)
	}
	return header{size: size{config.Width, config.Height}}, nil
}

// tiffHeader always gives the orientation: Pillow turns a TIFF when it loads it.
func tiffHeader(data []byte, _ bool) (h header, err error) {
	defer recoverDecoder("tiff", &err)
	config, err := tiff.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return header{}, decoderError("tiff", err)
	}
	return header{size: size{config.Width, config.Height}, orientation: orientation(data)}, nil
}
