package preprocess

import (
	"bytes"
	"encoding/binary"
)

// Markers of ITU-T T.81 table B.1.
const (
	markerTEM  = 0x01
	markerSOF0 = 0xC0
	markerDHT  = 0xC4
	markerJPG  = 0xC8
	markerDAC  = 0xCC
	markerSOFF = 0xCF
	markerRST0 = 0xD0
	markerSOI  = 0xD8
	markerEOI  = 0xD9
	markerSOS  = 0xDA
	markerAPP1 = 0xE1
)

func isFrame(marker byte) bool {
	return marker >= markerSOF0 && marker <= markerSOFF && marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// jpegHeader walks the marker segments up to the first scan.
func jpegHeader(data []byte, exif bool) (h header, err error) {
	for at := 2; ; {
		marker, body, next := jpegSegment(data, at)
		switch {
		case marker == 0:
			return h, cutOff("jpeg")
		case marker == markerEOI, marker == markerSOS && h.size.w == 0:
			return h, refuse(Damaged, "jpeg: no frame header before the first scan")
		case marker == markerSOS:
			return h, nil
		case isFrame(marker) && h.size.w == 0:
			if h.size, err = jpegFrame(body); err != nil {
				return h, err
			}
		case marker == markerAPP1 && exif && h.orientation == 0 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			h.orientation = orientation(body[6:])
		}
		at = next
	}
}

// jpegSegment returns the next marker from at on, its segment without the length, and where the search goes on; marker
// is 0 at the end of the data. Bytes between segments are skipped, as libjpeg does.
func jpegSegment(data []byte, at int) (marker byte, body []byte, next int) {
	for at+1 < len(data) {
		marker := data[at+1]
		switch {
		case data[at] != 0xFF || marker == 0xFF:
			at++
			continue
		case marker == 0 || marker == markerTEM || marker >= markerRST0 && marker <= markerSOI:
			at += 2
			continue
		case marker == markerEOI:
			return marker, nil, at + 2
		}
		if at+4 > len(data) {
			return 0, nil, at
		}
		end := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if end < at+4 || end > len(data) {
			return 0, nil, at
		}
		return marker, data[at+4 : end], end
	}
	return 0, nil, at
}

func jpegFrame(body []byte) (size, error) {
	if len(body) < 6 {
		return size{}, cutOff("jpeg")
	}
	if body[0] != 8 {
		return size{}, refuse(Unsupported, "jpeg of %d bits a sample", body[0])
	}
	if n := body[5]; n != 1 && n != 3 && n != 4 {
		return size{}, refuse(Unsupported, "jpeg of %d components", n)
	}
	h, w := int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if w == 0 || h == 0 {
		return size{}, refuse(Damaged, "jpeg of %d x %d pixels", w, h)
	}
	return size{w, h}, nil
}
