package emoji

import (
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"strconv"
	"strings"

	"golang.org/x/image/vector"
)

// This file draws the subset of SVG that OpenMoji's drawings use: paths and basic shapes, filled and stroked in plain
// colours, in nested groups with transforms. What it does not know (clips, gradients, text) is an error, not a guess.

// svgSide is the side of OpenMoji's view box, and of the images drawn from it.
const svgSide = 72

// style is the set of properties that elements inherit.
type style struct {
	fill, stroke    color.NRGBA // alpha 0 for none
	width           float64
	roundCap        bool
	evenOdd, hidden bool
	opacity         float64
	matrix          matrix
}

// drawSVG renders a drawing on white.
func drawSVG(r io.Reader) (*image.RGBA, error) {
	img := image.NewRGBA(image.Rect(0, 0, svgSide, svgSide))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	decoder := xml.NewDecoder(r)
	stack := []style{{fill: color.NRGBA{A: 255}, width: 1, opacity: 1, matrix: matrix{1, 0, 0, 1, 0, 0}}}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return img, nil
		}
		if err != nil {
			return nil, err
		}
		switch element := token.(type) {
		case xml.StartElement:
			if element.Name.Local == "defs" {
				return nil, errors.New("svg: definitions are not supported")
			}
			s, err := stack[len(stack)-1].with(element.Attr)
			if err == nil {
				err = drawElement(img, element, s)
			}
			if err != nil {
				return nil, fmt.Errorf("svg: byte %d: <%s>: %w", decoder.InputOffset(), element.Name.Local, err)
			}
			stack = append(stack, s)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
}

// with returns the style of a child element.
func (s style) with(attributes []xml.Attr) (style, error) {
	var err error
	for _, a := range attributes {
		switch a.Name.Local {
		case "fill":
			s.fill, err = parseColor(a.Value)
		case "stroke":
			s.stroke, err = parseColor(a.Value)
		case "stroke-width":
			s.width, err = strconv.ParseFloat(a.Value, 64)
		case "stroke-linecap":
			s.roundCap = a.Value == "round"
		case "fill-rule":
			s.evenOdd = a.Value == "evenodd"
		case "display":
			s.hidden = s.hidden || a.Value == "none"
		case "opacity":
			err = scaleBy(&s.opacity, a.Value)
		case "transform":
			s.matrix, err = s.matrix.then(a.Value)
		case "clip-path", "mask", "filter", "style":
			err = errors.New("not supported")
		}
		if err != nil {
			return s, fmt.Errorf("%s=%q: %w", a.Name.Local, a.Value, err)
		}
	}
	// These hold for the colours of this element; OpenMoji sets them beside the colour.
	for _, a := range attributes {
		switch a.Name.Local {
		case "fill-opacity":
			s.fill.A, err = parseAlpha(a.Value, s.fill.A)
		case "stroke-opacity":
			s.stroke.A, err = parseAlpha(a.Value, s.stroke.A)
		}
	}
	return s, err
}

func scaleBy(value *float64, text string) error {
	factor, err := strconv.ParseFloat(text, 64)
	*value *= factor
	return err
}

func parseAlpha(text string, alpha uint8) (uint8, error) {
	factor, err := strconv.ParseFloat(text, 64)
	if err != nil || factor < 0 || factor > 1 {
		return 0, fmt.Errorf("opacity %q", text)
	}
	return uint8(float64(alpha)*factor + .5), nil
}

func parseColor(text string) (color.NRGBA, error) {
	if text == "none" {
		return color.NRGBA{}, nil
	}
	digits, ok := strings.CutPrefix(text, "#")
	if ok && len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if !ok || len(digits) != 6 || err != nil {
		return color.NRGBA{}, errors.New("want none or a colour like #61b2e4")
	}
	return color.NRGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 255}, nil
}

// drawElement draws one element; groups draw nothing themselves.
func drawElement(img *image.RGBA, element xml.StartElement, s style) error {
	outline, err := outlineOf(element)
	if err != nil || s.hidden || len(outline) == 0 {
		return err
	}
	for i := range outline {
		for j, p := range outline[i].points {
			outline[i].points[j] = s.matrix.apply(p)
		}
	}
	if s.fill.A > 0 {
		fill := outline
		if s.evenOdd {
			fill = alternate(outline)
		}
		paint(img, fill, s.fill, s.opacity)
	}
	if s.stroke.A > 0 && s.width > 0 {
		paint(img, strokeOf(outline, s.width*s.matrix.scale()/2, s.roundCap), s.stroke, s.opacity)
	}
	return nil
}

// paint fills a set of closed outlines under the non-zero rule.
func paint(img *image.RGBA, outlines []outline, c color.NRGBA, opacity float64) {
	z := vector.NewRasterizer(svgSide, svgSide)
	for _, o := range outlines {
		for i, p := range o.points {
			if i == 0 {
				z.MoveTo(float32(p.x), float32(p.y))
			} else {
				z.LineTo(float32(p.x), float32(p.y))
			}
		}
		z.ClosePath()
	}
	c.A = uint8(float64(c.A)*opacity + .5)
	z.Draw(img, img.Rect, image.NewUniform(c), image.Point{})
}
