package data

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// zstdStream writes zstd frames as streaming compressors do (Rust's and Java's Parquet writers): without the size of the
// content (RFC 8878, 3.1.1.1).
type zstdStream struct{ zstd.Codec }

func (z *zstdStream) Encode(dst, src []byte) ([]byte, error) {
	frame, err := z.Codec.Encode(dst, src)
	if err != nil {
		return nil, err
	}
	descriptor := frame[4]
	single, sizeFlag := descriptor>>5&1, descriptor>>6
	at := 5
	if single == 0 {
		at++ // window descriptor
	}
	at += map[byte]int{0: int(single), 1: 2, 2: 4, 3: 8}[sizeFlag]
	if descriptor&3 != 0 {
		return nil, fmt.Errorf("frame descriptor %08b has a dictionary", descriptor)
	}
	const window = 12 << 3 // 4 MiB
	return append([]byte{frame[0], frame[1], frame[2], frame[3], descriptor &^ 0b11100000, window}, frame[at:]...), nil
}

func TestZstdWithoutContentSize(t *testing.T) {
	type row struct {
		Image   []byte `parquet:"image"`
		Caption string `parquet:"caption"`
	}
	path := writeFile(t, filepath.Join(t.TempDir(), "a.parquet"), 0, 300, 100, func(n int) row {
		return row{testImage(n), testCaption(n)}
	}, parquet.Compression(&zstdStream{}))
	s, err := Open([]string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for pair, err := range s.Pairs(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if number, err := decodeImage(pair.Image); err != nil || number != n || pair.Captions[0] != testCaption(n) {
			t.Fatalf("row %d has image %d (%v) and captions %q", n, number, err, pair.Captions)
		}
		n++
	}
	if n != 300 {
		t.Errorf("%d rows", n)
	}
}
