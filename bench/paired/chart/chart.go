// Package chart draws figures as PNG for papers: lines with spreads over a few places. The report on a run has its own,
// interactive ones.
package chart

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Figure is a row of panels that share columns and the scale from 0 to 100 %.
type Figure struct {
	Title  string
	XLabel string
	Places []string // along the horizontal axis
	Panels []Panel
}

// Panel is one plot.
type Panel struct {
	Title  string
	Places []string // nil: the figure's
	Lines  []Line
}

// Line is one column of a table.
type Line struct {
	Name   string
	Mean   []float64 // by place, in per cent; NaN where there is none
	Spread []float64 // standard deviation
}

// palette is that of Okabe and Ito (2008), which people with any colour vision can tell apart.
var palette = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {86, 180, 233, 255}, {230, 159, 0, 255}, {90, 90, 90, 255},
}

const (
	panelWidth, panelHeight  = 420, 320
	left, right, top, bottom = 52, 16, 64, 56
	legendLine               = 22
	mostAcross               = 3 // panels beside each other
)

// pen draws on an image.
type pen struct {
	img  *image.RGBA
	face font.Face
}

// WritePNG draws the figure.
func (f *Figure) WritePNG(w io.Writer) error {
	face, err := newFace(15)
	if err != nil {
		return err
	}
	defer face.Close()
	lines := 0
	for _, p := range f.Panels {
		lines = max(lines, len(p.Lines))
	}
	across := min(mostAcross, max(1, len(f.Panels)))
	below := (len(f.Panels) + across - 1) / across
	width, height := panelWidth*across, panelHeight*below+legendLine*((lines+3)/4)+8
	p := pen{image.NewRGBA(image.Rect(0, 0, width, height)), face}
	draw.Draw(p.img, p.img.Rect, image.White, image.Point{}, draw.Src)
	p.text(f.Title, float64(width)/2, 20, .5)
	for i, panel := range f.Panels {
		p.panel(panel, f, float64(i%across*panelWidth), float64(i/across*panelHeight))
	}
	if len(f.Panels) > 0 {
		p.legend(f.Panels[0].Lines, width, below*panelHeight)
	}
	return png.Encode(w, p.img)
}

func newFace(size float64) (font.Face, error) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("font of figures: %w", err)
	}
	return opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
}

// panel draws axes and lines with their spreads.
func (p pen) panel(panel Panel, f *Figure, x0, y0 float64) {
	places := f.Places
	if panel.Places != nil {
		places = panel.Places
	}
	grid, axis := color.RGBA{225, 225, 225, 255}, color.RGBA{60, 60, 60, 255}
	x := func(i int) float64 {
		return x0 + left + (float64(i)+.5)*(panelWidth-left-right)/float64(len(places))
	}
	y := func(v float64) float64 { return y0 + top + (100-v)/100*(panelHeight-top-bottom) }
	for v := 0.; v <= 100; v += 25 {
		p.line(x0+left, y(v), x0+panelWidth-right, y(v), 1, grid)
		p.text(fmt.Sprint(v), x0+left-6, y(v)+5, 1)
	}
	p.line(x0+left, y(0), x0+panelWidth-right, y(0), 1.2, axis)
	p.text(panel.Title+", %", x0+left, y0+top-12, 0)
	for i, place := range places {
		p.text(place, x(i), y(0)+20, .5)
	}
	p.text(f.XLabel, x0+left+(panelWidth-left-right)/2, y(0)+42, .5)
	for k, l := range panel.Lines {
		c := palette[k%len(palette)]
		shift := (float64(k) - float64(len(panel.Lines)-1)/2) * 4 // spreads beside each other
		for i, v := range l.Mean {
			if math.IsNaN(v) {
				continue
			}
			if i > 0 && !math.IsNaN(l.Mean[i-1]) {
				p.line(x(i-1)+shift, y(l.Mean[i-1]), x(i)+shift, y(v), 2, c)
			}
			p.line(x(i)+shift, y(min(100, v+l.Spread[i])), x(i)+shift, y(max(0, v-l.Spread[i])), 1.5, c)
			p.line(x(i)+shift-3.5, y(v), x(i)+shift+3.5, y(v), 7, c)
		}
	}
}

func (p pen) legend(lines []Line, width, from int) {
	columns := min(4, max(1, len(lines)))
	for k, l := range lines {
		x := float64(left + k%columns*(width-left-right)/columns)
		y := float64(from + legendLine*(k/columns) + 10)
		p.line(x, y, x+18, y, 4, palette[k%len(palette)])
		p.text(l.Name, x+24, y+5, 0)
	}
}

// line draws a straight line of a width.
func (p pen) line(x0, y0, x1, y1, width float64, c color.RGBA) {
	length := math.Hypot(x1-x0, y1-y0)
	if length == 0 {
		return
	}
	nx, ny := (y1-y0)/length*width/2, (x0-x1)/length*width/2
	r := vector.NewRasterizer(p.img.Rect.Dx(), p.img.Rect.Dy())
	r.MoveTo(float32(x0+nx), float32(y0+ny))
	r.LineTo(float32(x1+nx), float32(y1+ny))
	r.LineTo(float32(x1-nx), float32(y1-ny))
	r.LineTo(float32(x0-nx), float32(y0-ny))
	r.ClosePath()
	r.Draw(p.img, p.img.Rect, image.NewUniform(c), image.Point{})
}

// text writes a line whose share of width before x is align.
func (p pen) text(s string, x, y, align float64) {
	d := font.Drawer{Dst: p.img, Src: image.NewUniform(color.RGBA{30, 30, 30, 255}), Face: p.face}
	width := float64(d.MeasureString(s)) / 64
	d.Dot = fixed.P(int(x-align*width), int(y))
	d.DrawString(s)
}
