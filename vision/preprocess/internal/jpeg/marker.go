package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Markers of T.81 table B.1; the JFIF and Adobe segments that tell the colour space are application segments.
const (
	markerTEM   = 0x01
	markerSOF0  = 0xC0
	markerSOF1  = 0xC1
	markerSOF2  = 0xC2
	markerSOF3  = 0xC3
	markerDHT   = 0xC4
	markerSOF9  = 0xC9
	markerSOF11 = 0xCB
	markerDAC   = 0xCC
	markerRST0  = 0xD0
	markerRST7  = 0xD7
	markerSOI   = 0xD8
	markerEOI   = 0xD9
	markerSOS   = 0xDA
	markerDQT   = 0xDB
	markerDNL   = 0xDC
	markerDRI   = 0xDD
	markerAPP0  = 0xE0
	markerAPP14 = 0xEE
	markerAPP15 = 0xEF
	markerCOM   = 0xFE
)

// nextScan acts on all segments up to the header of the next scan; more is false at the end of the image or data.
func (d *decoder) nextScan() (more bool, err error) {
	for {
		marker := d.nextMarker()
		if marker == markerEOI {
			return false, nil
		}
		if marker == markerTEM || marker >= markerRST0 && marker <= markerRST7 {
			continue
		}
		body, err := d.segment(marker)
		if err != nil {
			return false, err
		}
		if marker == markerSOS {
			return true, d.startOfScan(body)
		}
		if err := d.apply(marker, body); err != nil {
			return false, err
		}
	}
}

func (d *decoder) apply(marker byte, body []byte) error {
	switch {
	case marker == markerDHT:
		return d.huffmanTables(body)
	case marker == markerDQT:
		return d.quantTables(body)
	case marker == markerDAC:
		return arithmeticConditioning(body)
	case marker == markerDRI:
		return d.restarts(body)
	case marker >= markerSOF0 && marker <= markerSOF2:
		return d.startOfFrame(body, marker == markerSOF2)
	case marker == markerAPP0:
		d.jfif = d.jfif || len(body) >= 14 && bytes.HasPrefix(body, []byte("JFIF\x00"))
	case marker == markerAPP14:
		if len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")) {
			d.adobe, d.transform = true, body[11]
		}
	case marker > markerAPP0 && marker <= markerAPP15, marker == markerCOM, marker == markerDNL:
	case marker == markerSOF3 || marker >= markerSOF9 && marker <= markerSOF11:
		if d.frame.components != nil {
			return errTwoFrames
		}
		return fmt.Errorf("lossless or arithmetic coding (marker %#x): %w", marker, ErrUnsupported)
	default:
		return fmt.Errorf("marker %#x has no place here", marker)
	}
	return nil
}

// segment returns the content of the segment after a marker. The length counts itself; where libjpeg does not
// look at the content, it takes a shorter one for 2.
func (d *decoder) segment(marker byte) ([]byte, error) {
	if marker == markerSOI {
		return nil, errors.New("two starts of image")
	}
	left := d.data[d.at:]
	if len(left) < 2 {
		return nil, ErrTruncated
	}
	length := int(binary.BigEndian.Uint16(left))
	if length < 2 && (marker == markerDHT || marker == markerDQT) {
		return nil, errors.New("damaged table")
	}
	if length = max(2, length); length > len(left) {
		return nil, ErrTruncated
	}
	d.at += length
	return left[2:length], nil
}

func (d *decoder) quantTables(body []byte) error {
	for len(body) > 0 {
		wide, index := body[0]>>4 != 0, body[0]&15
		length := 64
		if wide {
			length = 128
		}
		if index > 3 || len(body) < 1+length {
			return errors.New("damaged quantisation table")
		}
		table := new([64]uint16)
		for i, natural := range zigzag[:64] {
			if wide {
				table[natural] = binary.BigEndian.Uint16(body[1+2*i:])
			} else {
				table[natural] = uint16(body[1+i])
			}
		}
		d.quant[index] = table
		body = body[1+length:]
	}
	return nil
}

// arithmeticConditioning only checks what Huffman codes have no use for (T.81, B.2.4.3).
func arithmeticConditioning(body []byte) error {
	for i := 0; i < len(body); i += 2 {
		if i+1 == len(body) || body[i] > 31 || body[i] < 16 && body[i+1]&15 > body[i+1]>>4 {
			return errors.New("damaged arithmetic conditioning")
		}
	}
	return nil
}

func (d *decoder) restarts(body []byte) error {
	if len(body) != 2 {
		return errors.New("damaged restart interval")
	}
	d.restartInterval = int(binary.BigEndian.Uint16(body))
	return nil
}
