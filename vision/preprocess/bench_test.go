package preprocess

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
)

// photo is an encoded JPEG with about as many bytes a pixel as a photograph.
func photo(b *testing.B, w, h int) []byte {
	b.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			wave := 60*math.Sin(float64(x)/37)*math.Cos(float64(y)/23) + 40*math.Sin(float64(x*y)/9000) + rng.NormFloat64()*9
			at := func(mid float64) uint8 { return uint8(min(max(mid+wave, 0), 255)) }
			img.SetNRGBA(x, y, color.NRGBA{at(110), at(130), at(90), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func benchmark(b *testing.B, native map[string]bool, simd bool) {
	encoded := photo(b, 820, 600)
	p := &Preprocessor{DefaultConfig(224), native, simd}
	dst := make([]byte, 3*224*224)
	for b.Loop() {
		if err := p.Eval(dst, encoded); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
	b.ReportMetric(float64(len(encoded)), "bytes")
}

func BenchmarkEvalJPEG(b *testing.B) {
	b.Run("native", func(b *testing.B) { benchmark(b, native(), true) })
	b.Run("native scalar", func(b *testing.B) { benchmark(b, native(), false) })
	b.Run("Go", func(b *testing.B) { benchmark(b, nil, true) })
}
