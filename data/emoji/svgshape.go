package emoji

import (
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

type point struct{ x, y float64 }

func (p point) plus(q point) point           { return point{p.x + q.x, p.y + q.y} }
func (p point) minus(q point) point          { return point{p.x - q.x, p.y - q.y} }
func (p point) times(f float64) point        { return point{p.x * f, p.y * f} }
func (p point) mix(q point, t float64) point { return p.plus(q.minus(p).times(t)) }

// outline is a curve flattened to straight pieces.
type outline struct {
	points []point
	closed bool
}

// matrix is an SVG transform: x' = a x + c y + e, y' = b x + d y + f.
type matrix [6]float64

func (m matrix) apply(p point) point {
	return point{m[0]*p.x + m[2]*p.y + m[4], m[1]*p.x + m[3]*p.y + m[5]}
}

// scale is by how much the matrix stretches lengths on average.
func (m matrix) scale() float64 { return math.Sqrt(math.Abs(m[0]*m[3] - m[1]*m[2])) }

func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[2]*n[1], m[1]*n[0] + m[3]*n[1],
		m[0]*n[2] + m[2]*n[3], m[1]*n[2] + m[3]*n[3],
		m[0]*n[4] + m[2]*n[5] + m[4], m[1]*n[4] + m[3]*n[5] + m[5],
	}
}

// then applies a transform attribute inside m.
func (m matrix) then(text string) (matrix, error) {
	for strings.TrimSpace(text) != "" {
		name, rest, ok := strings.Cut(text, "(")
		list, after, closed := strings.Cut(rest, ")")
		v, err := parseNumbers(list)
		if !ok || !closed || err != nil || len(v) == 0 {
			return m, fmt.Errorf("transform %q", text)
		}
		n, err := newMatrix(strings.Trim(name, " ,\n\t"), v)
		if err != nil {
			return m, err
		}
		m, text = m.times(n), after
	}
	return m, nil
}

func newMatrix(name string, v []float64) (matrix, error) {
	for len(v) < 2 && name == "translate" {
		v = append(v, 0)
	}
	sin, cos := math.Sincos(v[0] * math.Pi / 180)
	switch {
	case name == "matrix" && len(v) == 6:
		return matrix(v), nil
	case name == "translate" && len(v) == 2:
		return matrix{1, 0, 0, 1, v[0], v[1]}, nil
	case name == "scale" && len(v) <= 2:
		return matrix{v[0], 0, 0, v[len(v)-1], 0, 0}, nil
	case name == "rotate" && len(v) == 1:
		return matrix{cos, sin, -sin, cos, 0, 0}, nil
	case name == "rotate" && len(v) == 3:
		around := matrix{1, 0, 0, 1, v[1], v[2]}
		return around.times(matrix{cos, sin, -sin, cos, 0, 0}).times(matrix{1, 0, 0, 1, -v[1], -v[2]}), nil
	case name == "skewX" && len(v) == 1:
		return matrix{1, 0, math.Tan(v[0] * math.Pi / 180), 1, 0, 0}, nil
	}
	return matrix{}, fmt.Errorf("transform %s of %d numbers is not supported", name, len(v))
}

// outlineOf returns the outlines of a shape, none for a group, and an error for what cannot be drawn.
func outlineOf(element xml.StartElement) ([]outline, error) {
	text, number := map[string]string{}, map[string]float64{}
	for _, a := range element.Attr {
		text[a.Name.Local] = a.Value
		if v, err := strconv.ParseFloat(a.Value, 64); err == nil {
			number[a.Name.Local] = v
		}
	}
	n := func(name string) float64 { return number[name] }
	switch element.Name.Local {
	case "svg", "g":
		return nil, nil
	case "path":
		return parsePath(text["d"])
	case "circle":
		return []outline{ellipse(n("cx"), n("cy"), n("r"), n("r"))}, nil
	case "ellipse":
		return []outline{ellipse(n("cx"), n("cy"), n("rx"), n("ry"))}, nil
	case "line":
		return []outline{{points: []point{{n("x1"), n("y1")}, {n("x2"), n("y2")}}}}, nil
	case "rect":
		return []outline{rectangle(n("x"), n("y"), n("width"), n("height"), max(n("rx"), n("ry")))}, nil
	case "polyline", "polygon":
		v, err := parseNumbers(text["points"])
		if err != nil || len(v)%2 == 1 || len(v) == 0 {
			return nil, fmt.Errorf("points %q", text["points"])
		}
		o := outline{closed: element.Name.Local == "polygon"}
		for i := 0; i < len(v); i += 2 {
			o.points = append(o.points, point{v[i], v[i+1]})
		}
		return []outline{o}, nil
	}
	return nil, fmt.Errorf("not supported")
}

// curvePieces is the number of straight pieces of a curve; at 72 pixels more cannot be seen.
const curvePieces = 12

func ellipse(cx, cy, rx, ry float64) outline {
	o := outline{closed: true}
	for k := range 4 * curvePieces {
		sin, cos := math.Sincos(float64(k) * math.Pi / 2 / curvePieces)
		o.points = append(o.points, point{cx + rx*cos, cy + ry*sin})
	}
	return o
}

func rectangle(x, y, w, h, r float64) outline {
	r = min(r, w/2, h/2)
	if r <= 0 {
		return outline{[]point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, true}
	}
	o := outline{closed: true}
	for corner, c := range []point{{x + w - r, y + h - r}, {x + r, y + h - r}, {x + r, y + r}, {x + w - r, y + r}} {
		for k := range curvePieces + 1 {
			sin, cos := math.Sincos((float64(corner) + float64(k)/curvePieces) * math.Pi / 2)
			o.points = append(o.points, point{c.x + r*cos, c.y + r*sin})
		}
	}
	return o
}

// alternate orients outlines such that the non-zero rule fills what the even-odd rule would, where they do not cross.
func alternate(outlines []outline) []outline {
	all := make([]outline, len(outlines))
	for i, o := range outlines {
		depth := 0
		for j, other := range outlines {
			if i != j && other.contains(o.points[0]) {
				depth++
			}
		}
		all[i] = outline{points: append([]point(nil), o.points...), closed: true}
		if (o.area() > 0) == (depth%2 == 1) {
			for a, b := 0, len(o.points)-1; a < b; a, b = a+1, b-1 {
				all[i].points[a], all[i].points[b] = all[i].points[b], all[i].points[a]
			}
		}
	}
	return all
}

func (o outline) area() (sum float64) {
	for i, p := range o.points {
		q := o.points[(i+1)%len(o.points)]
		sum += (p.x*q.y - q.x*p.y) / 2
	}
	return sum
}

func (o outline) contains(p point) (in bool) {
	for i, a := range o.points {
		b := o.points[(i+1)%len(o.points)]
		if (a.y > p.y) != (b.y > p.y) && p.x < a.x+(p.y-a.y)/(b.y-a.y)*(b.x-a.x) {
			in = !in
		}
	}
	return in
}

// strokeOf is a line of the given half width along the outlines: pieces, all with the same orientation, with a disc at each
// round end and corner. Where a curve was flattened the pieces only touch: the rasterizer adds up what overlaps at an
// edge, so that a disc at every point would thicken the line.
func strokeOf(outlines []outline, half float64, roundCap bool) (pieces []outline) {
	for _, o := range outlines {
		points := o.distinct()
		n := len(points)
		for i, p := range points {
			before, after := points[(i+n-1)%n], points[(i+1)%n]
			end := !o.closed && (i == 0 || i == n-1)
			if end && roundCap || !end && sharp(before, p, after) {
				pieces = append(pieces, ellipse(p.x, p.y, half, half))
			}
			if i == n-1 && !o.closed || n == 1 {
				continue
			}
			along := after.minus(p)
			side := point{-along.y, along.x}.times(half / math.Hypot(along.x, along.y))
			pieces = append(pieces, outline{[]point{p.minus(side), after.minus(side), after.plus(side), p.plus(side)}, true})
		}
	}
	return pieces
}

// distinct returns the points without repeats of the one before, and, if closed, without the first one at the end.
func (o outline) distinct() []point {
	points := slices.Compact(slices.Clone(o.points))
	if n := len(points); o.closed && n > 1 && points[0] == points[n-1] {
		points = points[:n-1]
	}
	return points
}

// sharp says whether a line turns by more than 20 degrees at b.
func sharp(a, b, c point) bool {
	u, v := b.minus(a), c.minus(b)
	return u.x*v.x+u.y*v.y < .94*math.Hypot(u.x, u.y)*math.Hypot(v.x, v.y)
}
