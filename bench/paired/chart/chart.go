// Package chart draws figures of experiments as PNG for papers: lines with spreads over a few places, and galleries of pictures.
package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Figure is panels that share columns.
type Figure struct {
	Title  string
	XLabel string
	Places []string // along the horizontal axis
	Panels []Panel
}

// Panel is one plot.
type Panel struct {
	Title     string
	Places    []string // nil: the figure's
	Low, High float64  // of the scale; both 0: shares from 0 to 100 %
	Lines     []Line
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
	panelWidth  = 8 * vg.Centimeter
	panelHeight = 7 * vg.Centimeter
	margin      = 3 * vg.Millimeter
	dpi         = 150
	mostAcross  = 3 // panels beside each other
	legendRoom  = 9 // per cent of the scale for each line of the legend, above it
)

// WritePNG draws the figure.
func (f *Figure) WritePNG(w io.Writer) error {
	if len(f.Panels) == 0 {
		return fmt.Errorf("figure %q has nothing to show", f.Title)
	}
	across := min(mostAcross, len(f.Panels))
	rows := make([][]*plot.Plot, (len(f.Panels)+across-1)/across)
	for i := range rows {
		rows[i] = make([]*plot.Plot, across)
	}
	for i, panel := range f.Panels {
		p, err := f.panel(panel)
		if err != nil {
			return fmt.Errorf("figure %q, %s: %w", f.Title, panel.Title, err)
		}
		rows[i/across][i%across] = p
	}
	canvas := vgimg.NewWith(vgimg.UseWH(panelWidth*vg.Length(across), panelHeight*vg.Length(len(rows))), vgimg.UseDPI(dpi))
	tiles := draw.Tiles{
		Rows: len(rows), Cols: across, PadX: margin, PadY: margin, PadTop: margin, PadBottom: margin, PadLeft: margin, PadRight: margin,
	}
	for i, row := range plot.Align(rows, tiles, draw.New(canvas)) {
		for j, place := range row {
			if rows[i][j] != nil {
				rows[i][j].Draw(place)
			}
		}
	}
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// Plain is an empty plot with its words in one sans-serif font of a size in points and a light grid, whose vertical lines may be left
// out.
func Plain(size float64, vertical bool) *plot.Plot {
	p := plot.New()
	for _, f := range []*font.Font{
		&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font,
	} {
		f.Variant, f.Size = "Sans", vg.Points(size)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Transparent, color.Gray{225}
	if vertical {
		grid.Vertical.Color = grid.Horizontal.Color
	}
	p.Add(grid)
	return p
}

// panel makes the axes and the lines with their spreads beside each other.
func (f *Figure) panel(panel Panel) (*plot.Plot, error) {
	p, places := Plain(8, false), f.Places
	if panel.Places != nil {
		places = panel.Places
	}
	title, low, high := panel.Title, panel.Low, panel.High
	if low == high {
		title, low, high = title+", %", 0, 100
	}
	p.Title.Text, p.X.Label.Text = title, f.XLabel
	p.NominalX(places...)
	p.X.Min, p.X.Max = -.5, float64(len(places))-.5
	p.Y.Min, p.Y.Max = low, high+(high-low)*legendRoom/100*float64(len(panel.Lines))
	p.Y.Tick.Marker = quarters(low, high)
	p.Legend.Top, p.Legend.Left = true, true
	for k, line := range panel.Lines {
		shift := (float64(k) - float64(len(panel.Lines)-1)/2) * .03 // so that spreads do not cover each other
		if err := addLine(p, line, palette[k%len(palette)], shift, low, high); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// quarters are the ticks of a scale: its ends, and three between them.
func quarters(low, high float64) (ticks plot.ConstantTicks) {
	for i := range 5 {
		v := low + (high-low)*float64(i)/4
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 4, 64)})
	}
	return ticks
}

// spreads are the points of a line with their spreads, for gonum's plotters.
type spreads struct {
	plotter.XYs
	plotter.YErrors
}

// addLine adds a line; where a place has no value it goes from the one before to the one after.
func addLine(p *plot.Plot, line Line, c color.Color, shift, low, high float64) error {
	var s spreads
	for i, v := range line.Mean {
		if !math.IsNaN(v) {
			s.XYs = append(s.XYs, plotter.XY{X: float64(i) + shift, Y: v})
			s.YErrors = append(s.YErrors, struct{ Low, High float64 }{min(line.Spread[i], v-low), min(line.Spread[i], high-v)})
		}
	}
	if len(s.XYs) == 0 {
		return nil
	}
	path, points, err := plotter.NewLinePoints(s.XYs)
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(s)
	if err != nil {
		return err
	}
	path.Color, path.Width = c, vg.Points(1.2)
	points.Color, points.Shape, points.Radius = c, draw.BoxGlyph{}, vg.Points(2)
	bars.Color, bars.Width, bars.CapWidth = c, vg.Points(.8), vg.Points(3)
	p.Add(path, points, bars)
	p.Legend.Add(line.Name, path, points)
	return nil
}
