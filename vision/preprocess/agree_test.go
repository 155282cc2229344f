package preprocess

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// damages returns files made of a whole one: cut off, with bytes changed, with a marker in their midst, with a part twice
// or left out.
func damages(rng *rand.Rand, whole []byte, n int) (files [][]byte) {
	for _, kept := range []int{len(whole) / 3, len(whole) - 8, len(whole) - 4, len(whole) - 3, len(whole) - 2, len(whole) - 1} {
		files = append(files, bytes.Clone(whole[:max(kept, 0)]))
	}
	for range n {
		changed, marked := bytes.Clone(whole), bytes.Clone(whole)
		for range 1 + rng.IntN(4) {
			changed[rng.IntN(len(whole))] = byte(rng.UintN(256))
		}
		at := len(whole)/3 + rng.IntN(len(whole)*2/3)
		marked[at], marked[min(at+1, len(whole)-1)] = 0xFF, byte(rng.UintN(256))
		joined := append(bytes.Clone(whole[:rng.IntN(len(whole))]), whole[rng.IntN(len(whole)):]...)
		files = append(files, changed, marked, joined)
	}
	return files
}

// A damaged JPEG gets the same verdict with libjpeg and without, and where it is good enough, the same pixels. What libjpeg
// makes of numbers that overflow depends on the vector code of the machine; ours follows that of x86.
func TestDamagedJPEGsAreJudgedAlike(t *testing.T) {
	needImagelibs(t)
	g := readGolden(t)
	rng := rand.New(rand.NewPCG(6, 6))
	accepted, refused := 0, 0
	for _, name := range g.cases {
		if !strings.Contains(name, "jpeg") {
			continue
		}
		for _, data := range damages(rng, g.file(name), 30) {
			h, err := readHeader(data, false, 1<<20)
			if err != nil || h.format != "jpeg" {
				continue
			}
			native, own := newPixels(h.size), newPixels(h.size)
			nativeErr, ownErr := nativeRows("jpeg", data, h.size, nil, native), decodeGo(h, data, own)
			switch {
			case Reason(ownErr) == Unsupported: // arithmetic or lossless
			case Reason(nativeErr) != Reason(ownErr):
				t.Errorf("%s: libjpeg says %v, our decoder %v", name, nativeErr, ownErr)
			case nativeErr != nil:
				refused++
			default:
				accepted++
				if most, _ := difference(colours(native), colours(own)); most > 0 && runtime.GOARCH == "amd64" {
					t.Errorf("%s: the same file, pixels off by %d", name, most)
				}
			}
		}
	}
	if accepted < 200 || refused < 200 {
		t.Errorf("%d accepted and %d refused: too few", accepted, refused)
	}
}

// colours is an image without the fourth bytes, which mean nothing.
func colours(pixels []byte) []byte {
	for i := 3; i < len(pixels); i += 4 {
		pixels[i] = 0
	}
	return pixels
}
