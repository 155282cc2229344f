package emoji

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"strings"
	"sync"
)

// maxSide bounds a drawing; the packages' have 64 pixels.
const maxSide = 1024

var encoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &encoderBuffers{}}

// encoderBuffers lets PNG encoders share their buffers: allocating them takes longer than encoding a small image.
type encoderBuffers struct{ pool sync.Pool }

func (b *encoderBuffers) Get() *png.EncoderBuffer {
	buffer, _ := b.pool.Get().(*png.EncoderBuffer)
	return buffer
}

func (b *encoderBuffers) Put(buffer *png.EncoderBuffer) { b.pool.Put(buffer) }

// render returns a drawing as PNG, opaque on white: encoders that know no transparency would show what lies under it.
func (t *table) render(name string) ([]byte, error) {
	content, err := t.root.ReadFile(name)
	if err != nil {
		return nil, err
	}
	img, err := decode(name, content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var out bytes.Buffer
	if err := encoder.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out.Bytes(), nil
}

func decode(name string, content []byte) (*image.RGBA, error) {
	if strings.HasSuffix(name, ".svg") {
		return drawSVG(bytes.NewReader(content))
	}
	header, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	if header.Width > maxSide || header.Height > maxSide {
		return nil, fmt.Errorf("%d x %d pixels, want at most %d", header.Width, header.Height, maxSide)
	}
	drawing, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, header.Width, header.Height))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(img, img.Rect, drawing, drawing.Bounds().Min, draw.Over)
	return img, nil
}
