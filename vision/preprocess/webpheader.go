package preprocess

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// webpFrame is the bitstream that holds the image, or the first frame of an animation, and its place on the canvas.
type webpFrame struct {
	x, y  int
	size  size
	lossy bool
	data  []byte // VP8 or VP8L bitstream without a chunk header
}

// riffChunks yields the chunks in data: name and content. It stops where one reaches beyond the data.
func riffChunks(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(data) >= 8 {
			length := uint64(binary.LittleEndian.Uint32(data[4:]))
			if length > uint64(len(data)-8) || !yield(string(data[:4]), data[8:8+length]) {
				return
			}
			data = data[min(8+length+length%2, uint64(len(data))):]
		}
	}
}

// webpHeader reads the RIFF container (WebP Container Specification). Alpha is not used, so its chunk is passed over.
func webpHeader(data []byte, exif bool) (h header, err error) {
	if riff := uint64(binary.LittleEndian.Uint32(data[4:])); riff+8 > uint64(len(data)) {
		return h, refuse(Damaged, "webp: %d bytes of %d", len(data), riff+8)
	}
	for name, body := range riffChunks(data[12:]) {
		switch {
		case name == "VP8X" && len(body) >= 10:
			h.size = size{1 + int24(body[4:]), 1 + int24(body[7:])}
		case name == "ANMF" && h.frame.data == nil:
			h.frame, err = animationFrame(body)
		case name == "VP8 " || name == "VP8L":
			if h.frame.data == nil {
				h.frame, err = webpBitstream(name, body)
			}
		case name == "EXIF" && exif:
			h.orientation = orientation(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		}
		if err != nil {
			return h, err
		}
	}
	if h.frame.data == nil {
		return h, refuse(Damaged, "webp: no whole frame")
	}
	if h.size.w == 0 {
		h.size = h.frame.size
	}
	if h.frame.x+h.frame.size.w > h.size.w || h.frame.y+h.frame.size.h > h.size.h {
		return h, refuse(Damaged, "webp: the frame is larger than the image")
	}
	return h, nil
}

func int24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func animationFrame(body []byte) (webpFrame, error) {
	if len(body) < 16 {
		return webpFrame{}, cutOff("webp")
	}
	for name, content := range riffChunks(body[16:]) {
		if name != "VP8 " && name != "VP8L" {
			continue
		}
		f, err := webpBitstream(name, content)
		f.x, f.y = 2*int24(body), 2*int24(body[3:])
		if err == nil && (f.size != size{1 + int24(body[6:]), 1 + int24(body[9:])}) {
			err = refuse(Damaged, "webp: two headers of different size")
		}
		return f, err
	}
	return webpFrame{}, refuse(Damaged, "webp: an animation frame without image")
}

func webpBitstream(name string, body []byte) (webpFrame, error) {
	f := webpFrame{lossy: name == "VP8 "}
	switch {
	case len(body) < 10:
		return f, cutOff("webp")
	case f.lossy && string(body[3:6]) == "\x9d\x01\x2a":
		f.size = size{int(binary.LittleEndian.Uint16(body[6:])) & 0x3FFF, int(binary.LittleEndian.Uint16(body[8:])) & 0x3FFF}
	case !f.lossy && body[0] == 0x2F:
		bits := binary.LittleEndian.Uint32(body[1:])
		f.size = size{1 + int(bits&0x3FFF), 1 + int(bits>>14&0x3FFF)}
	default:
		return f, refuse(Damaged, "webp: no key frame")
	}
	f.data = body
	return f, nil
}
