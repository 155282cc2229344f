package report

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/bench/paired/chart"
	"github.com/mclclip/mclclip/internal/atomicfile"
)

// Size of a figure in a paper's column and a half, and its resolution.
const (
	figureWidth  = 14 * vg.Centimeter
	figureHeight = 9 * vg.Centimeter
	figureDPI    = 300
	margin       = 3 * vg.Millimeter
)

// palette are the colours of the page's light scheme, by number of the stage.
var palette = []color.Color{
	color.RGBA{0x59, 0x61, 0x6b, 255}, color.RGBA{0x1f, 0x6f, 0xeb, 255}, color.RGBA{0xc2, 0x41, 0x0c, 255},
	color.RGBA{0x15, 0x80, 0x3d, 255}, color.RGBA{0x7e, 0x22, 0xce, 255}, color.RGBA{0xa1, 0x62, 0x07, 255},
}

// WriteFigures writes what the report has as PNG files for papers into a folder that exists: loss.png (the loss by step), scores.png (pairs
// right, with intervals) and clusters.png (sizes). It returns their paths; what the run does not have yet is left out.
func (r *Report) WriteFigures(dir string) (paths []string, err error) {
	for _, f := range []struct {
		name string
		draw func() (*plot.Plot, error)
	}{{"loss.png", r.lossFigure}, {"scores.png", r.scoresFigure}, {"clusters.png", r.clustersFigure}} {
		p, err := f.draw()
		if err != nil {
			return paths, fmt.Errorf("figure %s: %w", f.name, err)
		}
		if p == nil {
			continue
		}
		path := filepath.Join(dir, f.name)
		if err := atomicfile.WriteFile(path, func(w io.Writer) error { return writePNG(w, p) }); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func writePNG(w io.Writer, p *plot.Plot) error {
	canvas := vgimg.NewWith(vgimg.UseWH(figureWidth, figureHeight), vgimg.UseDPI(figureDPI))
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin)) // labels at the ends of the axes reach beyond them
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// newFigure is a plot with the names of its axes and room for a legend.
func newFigure(x, y string) *plot.Plot {
	p := chart.Plain(9, true)
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.X.Padding, p.Y.Padding = 0, 0
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(roundTicks), plot.TickerFunc(roundTicks)
	p.Legend.Top, p.Legend.XOffs, p.Legend.YOffs, p.Legend.Padding = true, -2*vg.Millimeter, -1*vg.Millimeter, vg.Millimeter
	return p
}

// roundTicks marks multiples of 1, 2 or 5 times a power of ten, about six.
func roundTicks(low, high float64) (ticks []plot.Tick) {
	power := math.Pow(10, math.Floor(math.Log10((high-low)/5)))
	step := power
	for _, factor := range []float64{2, 5, 10} {
		if (high-low)/step > 7 {
			step = factor * power
		}
	}
	for k := math.Ceil(low/step - 1e-9); k*step <= high+1e-9*step; k++ {
		ticks = append(ticks, plot.Tick{Value: k*step + 0, Label: strconv.FormatFloat(k*step+0, 'g', 6, 64)})
	}
	return ticks
}

// wholeTicks are roundTicks without fractions.
func wholeTicks(low, high float64) (ticks []plot.Tick) {
	for _, tick := range roundTicks(low, high) {
		if tick.Value == math.Trunc(tick.Value) {
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// styled gives a line the colour of its stage; that of a control is dashed.
func styled(line *plotter.Line, name string) {
	number := 0
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		_, _ = fmt.Sscanf(name[i+1:], "%d", &number) // another name has the colour of the base
	}
	line.Color, line.Width = palette[number%len(palette)], vg.Points(1.2)
	if strings.HasPrefix(name, "control") {
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	}
}

// lossFigure is the loss of each model by step, on a logarithmic scale where it is positive.
func (r *Report) lossFigure() (*plot.Plot, error) {
	models := split(r.Steps)
	if len(models) == 0 {
		return nil, nil
	}
	p := newFigure("step", "loss")
	positive, drawn := true, false
	for _, steps := range models {
		c := curveOf(steps, quantities[0].of)
		var points plotter.XYs
		for i, x := range c.Data {
			if y := float64(x); !math.IsNaN(y) && !math.IsInf(y, 0) {
				points = append(points, plotter.XY{X: float64(c.Steps[i]), Y: y})
				positive = positive && y > 0
			}
		}
		if len(points) == 0 {
			continue
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		styled(line, c.Name)
		p.Add(line)
		p.Legend.Add(c.Name, line)
		drawn = true
	}
	if !drawn {
		return nil, nil
	}
	if positive && p.Y.Max > 10*p.Y.Min {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	return p, nil
}

// scoresFigure is the share of pairs right of each column with its interval.
func (r *Report) scoresFigure() (*plot.Plot, error) {
	if r.Scores == nil || len(r.Scores.Columns) == 0 {
		return nil, nil
	}
	p := newFigure("", "pairs right (%); dashed: two guesses")
	var names []string
	var points scorePoints
	for i, c := range r.Scores.Columns {
		names = append(names, c.Name)
		points = append(points, scorePoint{float64(i), c.Result.Average, c.Result.Interval})
	}
	bars, err := plotter.NewYErrorBars(points)
	if err != nil {
		return nil, err
	}
	bars.LineStyle.Color, bars.LineStyle.Width, bars.CapWidth = palette[1], vg.Points(1.4), vg.Points(7)
	marks, err := plotter.NewScatter(points)
	if err != nil {
		return nil, err
	}
	marks.GlyphStyle = draw.GlyphStyle{Color: palette[1], Radius: vg.Points(3.5), Shape: draw.CircleGlyph{}}
	guess := plotter.NewFunction(func(float64) float64 { return mmvp.Guessing })
	guess.Color, guess.Dashes = palette[2], []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(guess, bars, marks)
	p.NominalX(names...)
	p.X.Min, p.X.Max = -0.5, float64(len(names))-0.5
	p.Y.Min, p.Y.Max = 0, min(100, 10*math.Ceil(points.highest()/10+0.5))
	return p, nil
}

// scorePoint is a score with the ends of its interval.
type scorePoint struct {
	x, y     float64
	interval [2]float64
}

type scorePoints []scorePoint

func (s scorePoints) Len() int                    { return len(s) }
func (s scorePoints) XY(i int) (float64, float64) { return s[i].x, s[i].y }

// YError implements plotter.YErrorer.
func (s scorePoints) YError(i int) (float64, float64) {
	return s[i].y - s[i].interval[0], s[i].interval[1] - s[i].y
}

func (s scorePoints) highest() (most float64) {
	for _, p := range s {
		most = max(most, p.interval[1])
	}
	return most
}

// clustersFigure is the share of the pairs in each cluster, the largest first, by model whose features were clustered.
func (r *Report) clustersFigure() (*plot.Plot, error) {
	if len(r.Stages) == 0 {
		return nil, nil
	}
	p := newFigure("cluster, by size", "pairs (%)")
	for _, c := range r.Stages {
		shares := sortedShares(c.Sizes)
		points := make(plotter.XYs, len(shares))
		for i, share := range shares {
			points[i] = plotter.XY{X: float64(i + 1), Y: share}
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		styled(line, c.Of)
		dots.GlyphStyle = draw.GlyphStyle{Color: line.Color, Radius: vg.Points(1.8), Shape: draw.CircleGlyph{}}
		p.Add(line, dots)
		p.Legend.Add("features of "+c.Of, line)
	}
	equal := 100 / float64(len(r.Stages[0].Sizes))
	even := plotter.NewFunction(func(float64) float64 { return equal })
	even.Color, even.Dashes = color.Gray{130}, []vg.Length{vg.Points(2), vg.Points(2)}
	p.Add(even)
	p.Legend.Add("all equal", even)
	p.X.Tick.Marker = plot.TickerFunc(wholeTicks)
	p.Y.Min, p.Y.Max = 0, 1.15*p.Y.Max
	p.X.Min, p.X.Max = 0.5, float64(len(r.Stages[0].Sizes))+0.5
	return p, nil
}

// sortedShares are the sizes in per cent of all, the largest first.
func sortedShares(sizes []int64) []float64 {
	total := int64(0)
	shares := make([]float64, len(sizes))
	for i, n := range sizes {
		total += n
		shares[i] = float64(n)
	}
	slices.SortFunc(shares, func(a, b float64) int { return cmp.Compare(b, a) })
	for i := range shares {
		shares[i] *= 100 / math.Max(float64(total), 1)
	}
	return shares
}
