package data

import (
	"encoding/binary"
	"errors"
)

// pack lays key, captions and image one behind the other, so that a waiting row is one piece, in memory or on disk.
func pack(p *pairRow) []byte {
	size := len(p.key) + len(p.image) + (len(p.captions)+2)*binary.MaxVarintLen32
	for _, caption := range p.captions {
		size += len(caption)
	}
	b := appendText(make([]byte, 0, size), p.key)
	b = binary.AppendUvarint(b, uint64(len(p.captions)))
	for _, caption := range p.captions {
		b = appendText(b, caption)
	}
	return append(b, p.image...)
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// unpack reads what pack wrote; the image lies in b.
func unpack(b []byte) (p pairRow, err error) {
	p.key, b, err = cutText(b)
	n, used := binary.Uvarint(b)
	if err != nil || used <= 0 {
		return p, errPacked
	}
	b = b[used:]
	for range n {
		var caption string
		if caption, b, err = cutText(b); err != nil {
			return p, err
		}
		p.captions = append(p.captions, caption)
	}
	p.image = b
	return p, nil
}

var errPacked = errors.New("the waiting row was changed on disk")

func cutText(b []byte) (text string, rest []byte, err error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return "", nil, errPacked
	}
	b = b[used:]
	return string(b[:n]), b[n:], nil
}
