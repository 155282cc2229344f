package emoji

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"os"
	"strings"
	"testing"
)

// meanDifference is the mean absolute difference of the colour channels, from 0 to 255.
func meanDifference(a, b image.Image) float64 {
	sum, n := 0, 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r, g, bl, _ := a.At(x, y).RGBA()
			R, G, B, _ := b.At(x, y).RGBA()
			for _, d := range [3]int{int(r>>8) - int(R>>8), int(g>>8) - int(G>>8), int(bl>>8) - int(B>>8)} {
				sum += max(d, -d)
				n++
			}
		}
	}
	return float64(sum) / float64(n)
}

func drawString(t *testing.T, text string) *image.RGBA {
	t.Helper()
	img, err := drawSVG(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// shapes.png is resvg's drawing of shapes.svg. Edges may differ by a share of a pixel: the two count coverage differently.
func TestSVGIsDrawnAsByResvg(t *testing.T) {
	text, err := os.ReadFile("testdata/shapes.svg")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile("testdata/shapes.png")
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	const tolerance = 1.5
	if d := meanDifference(drawString(t, string(text)), want); d > tolerance {
		t.Errorf("mean difference %.2f of 255, want at most %.1f", d, tolerance)
	}
	for _, wrong := range []struct{ old, new string }{ // each must be seen
		{` fill-rule="evenodd"`, ``},
		{` display="none"`, ``},
		{`rotate(45)`, ``},
		{`0 0 1-14 0z`, `0 0 0-14 0z`},
		{`matrix(.5 0 0 .5 48 62)`, `translate(48 62)`},
		{` stroke-width="3"`, ``},
	} {
		changed := strings.Replace(string(text), wrong.old, wrong.new, 1)
		exact := meanDifference(drawString(t, string(text)), want)
		if d := meanDifference(drawString(t, changed), want); d < exact+.1 {
			t.Errorf("without %s the difference is %.2f, with it %.2f", wrong.old, d, exact)
		}
	}
}

func TestSVGRefusesWhatItCannotDraw(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"text":          {`<text>a</text>`, "<text>: not supported"},
		"clip":          {`<path clip-path="url(#a)" d=""/>`, "clip-path"},
		"definitions":   {`<defs/>`, "definitions"},
		"gradient":      {`<path fill="url(#a)" d=""/>`, "want none or a colour"},
		"path command":  {`<path d="M0 0 X"/>`, `byte 6: command 'X'`},
		"path number":   {`<path d="M0 zero"/>`, "want a number"},
		"path start":    {`<path d="1 2"/>`, "want a command"},
		"after a close": {`<path d="M0 0z 1 2"/>`, "want a command"},
		"arc flag":      {`<path d="M0 0A1 1 0 2 0 1 1"/>`, "flag"},
		"odd points":    {`<polygon points="1 2 3"/>`, "points"},
		"transform":     {`<g transform="rotate(1 2)"/>`, "rotate of 2 numbers"},
		"open":          {`<g transform="scale(2"/>`, "transform"},
		"not XML":       {`<g`, "syntax"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := drawSVG(strings.NewReader("<svg>" + c.body + "</svg>")); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func FuzzPath(f *testing.F) {
	for _, text := range []string{"M4 4h14v8a7 7 0 0 1-14 0z", "m1.5.5-3 2e1q8 0 8 8t8 8", "M0 0C1", "z", "M1e309 0L0 0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		outlines, err := parsePath(text)
		if err != nil {
			return
		}
		for _, o := range outlines {
			if len(o.points) == 0 {
				t.Error("an outline without points")
			}
		}
	})
}

func TestPNGsAreLaidOnWhite(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	img.Pix = []byte{200, 0, 0, 0, 255, 0, 0, 128} // fully transparent, with a colour below, and half red
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	got, err := decode("a.png", out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := image.NewRGBA(image.Rect(0, 0, 2, 1))
	draw.Draw(want, want.Rect, image.White, image.Point{}, draw.Src)
	copy(want.Pix[4:], []byte{255, 127, 127, 255})
	if !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("got %v, want %v", got.Pix, want.Pix)
	}
}
