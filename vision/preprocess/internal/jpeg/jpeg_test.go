package jpeg

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
)

// Written by testdata/reference/jpeg_golden.py with Pillow 13.0.0.
const goldenFile = "testdata/jpeg.safetensors"

type golden struct {
	name          string
	width, height int
	file, rgb     []byte
}

func readGolden(t testing.TB) (cases []golden) {
	t.Helper()
	f, err := safetensors.Open(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := func(name string) []byte {
		data, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, name := range f.Names() {
		if name, ok := strings.CutSuffix(name, ".rgb"); ok {
			info, _ := f.Info(name + ".rgb")
			cases = append(cases, golden{name, info.Shape[1], info.Shape[0], read(name + ".file"), read(name + ".rgb")})
		}
	}
	if len(cases) < 40 {
		t.Fatalf("only %d cases in %s", len(cases), goldenFile)
	}
	return cases
}

func find(t *testing.T, name string) golden {
	t.Helper()
	for _, g := range readGolden(t) {
		if g.name == name {
			return g
		}
	}
	t.Fatalf("no case %s", name)
	return golden{}
}

// decode returns red, green and blue of each pixel.
func decode(data []byte, width, height int) ([]byte, error) {
	pixels := make([]byte, 4*width*height)
	if err := Decode(data, width, height, func(y int) []byte { return pixels[4*width*y:] }); err != nil {
		return nil, err
	}
	rgb := make([]byte, 0, 3*width*height)
	for at := 0; at < len(pixels); at += 4 {
		rgb = append(rgb, pixels[at:at+3]...)
	}
	return rgb, nil
}

func difference(a, b []byte) (most, differ int) {
	for i := range a {
		d := max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
		most = max(most, d)
		if d > 0 {
			differ++
		}
	}
	return most, differ
}

func TestDecodeEqualsPillow(t *testing.T) {
	for _, g := range readGolden(t) {
		t.Run(g.name, func(t *testing.T) {
			got, err := decode(g.file, g.width, g.height)
			if err != nil {
				t.Fatal(err)
			}
			if most, differ := difference(got, g.rgb); most != 0 {
				t.Errorf("%d of %d values differ, by %d at most", differ, len(got), most)
			}
		})
	}
}

// The comparison above can fail: Go's own decoder has another inverse DCT even where it has no chroma to interpolate,
// other chroma, and no estimates for what incomplete progressive images lack.
func TestDecoderOfGoDiffers(t *testing.T) {
	for name, least := range map[string]int{"grey": 1, "444": 1, "420": 20, "progressive-420": 20, "incomplete-0-1": 5} {
		g := find(t, name)
		img, err := jpeg.Decode(bytes.NewReader(g.file))
		if err != nil {
			t.Fatal(err)
		}
		most, _ := difference(rgbOf(img), g.rgb)
		if most < least {
			t.Errorf("%s: off by %d, want %d at least", name, most, least)
		}
	}
}

func rgbOf(img image.Image) (rgb []byte) {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			rgb = append(rgb, c.R, c.G, c.B)
		}
	}
	return rgb
}

// Each part of the decoder is seen by some case: without it, the pixels are others.
func TestPartsMatter(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		spoil func(*decoder)
	}{
		"estimates of what scans lack": {"incomplete-2-4", func(d *decoder) { d.frame.components[0].quant[0] = 0 }},
		"rounding of a table":          {"grey", func(d *decoder) { d.frame.components[0].quant[1]++ }},
		"colour space by JFIF":         {"420", func(d *decoder) { d.jfif, d.adobe, d.transform = false, true, 0 }},
		"chroma between rows":          {"440", func(d *decoder) { d.frame.components[1].height = 1 }},
	} {
		g := find(t, c.file)
		d := &decoder{source: source{data: g.file, at: 2}}
		if _, err := d.nextScan(); err != nil {
			t.Fatal(err)
		}
		c.spoil(d)
		if err := d.readScans(); err != nil {
			t.Fatal(err)
		}
		pixels := make([]byte, 4*g.width*g.height)
		d.writeRows(func(y int) []byte { return pixels[4*g.width*y:] })
		same := true
		for i := range len(pixels) / 4 {
			same = same && bytes.Equal(pixels[4*i:4*i+3], g.rgb[3*i:3*i+3])
		}
		if same {
			t.Errorf("%s: %s does not show it", name, c.file)
		}
	}
}
