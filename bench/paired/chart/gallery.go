package chart

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Gallery shows pictures and what several representations find beside them.
type Gallery struct {
	Title   string
	Size    int                 // S, pixels of a side
	Picture func(i int) []uint8 // [3, S, S]
	Queries []int               // one row each
	Groups  []GalleryGroup      // from left to right
}

// GalleryGroup is what one representation finds.
type GalleryGroup struct {
	Name  string
	Found [][]int // for each query, nearest first
}

const (
	thumb    = 48 // pixels of a picture's side in the gallery
	gap      = 4
	groupGap = 20
)

// WritePNG draws the gallery: the queries in the first column, a group of columns for each representation.
func (g *Gallery) WritePNG(w io.Writer) error {
	width := 16 + thumb
	for _, group := range g.Groups {
		width += groupGap + group.columns()*(thumb+gap)
	}
	height := 56 + len(g.Queries)*(thumb+gap) + 12
	p := pen{image.NewRGBA(image.Rect(0, 0, width, height))}
	draw.Draw(p.img, p.img.Rect, image.White, image.Point{}, draw.Src)
	p.text(g.Title, 12, 20)
	p.text("query", 12, 46)
	for row, query := range g.Queries {
		p.thumb(g, query, 12, row)
	}
	x := 12 + thumb + groupGap
	for _, group := range g.Groups {
		p.text(group.Name, x, 46)
		for row, found := range group.Found {
			for k, i := range found {
				p.thumb(g, i, x+k*(thumb+gap), row)
			}
		}
		x += group.columns()*(thumb+gap) + groupGap
	}
	return png.Encode(w, p.img)
}

func (g GalleryGroup) columns() (n int) {
	for _, found := range g.Found {
		n = max(n, len(found))
	}
	return max(n, 3) // room for the name
}

// thumb draws a picture in a row.
func (p pen) thumb(g *Gallery, i, x, row int) {
	small := image.NewRGBA(image.Rect(0, 0, g.Size, g.Size))
	v, plane := g.Picture(i), g.Size*g.Size
	for k := range plane {
		small.SetRGBA(k%g.Size, k/g.Size, color.RGBA{v[k], v[plane+k], v[2*plane+k], 255})
	}
	y := 56 + row*(thumb+gap)
	xdraw.BiLinear.Scale(p.img, image.Rect(x, y, x+thumb, y+thumb), small, small.Rect, xdraw.Src, nil)
}

// pen draws on an image.
type pen struct{ img *image.RGBA }

// text writes a line from x on.
func (p pen) text(s string, x, y int) {
	d := font.Drawer{Dst: p.img, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(x, y)}
	d.DrawString(s)
}
