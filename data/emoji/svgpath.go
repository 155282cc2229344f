package emoji

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parsePath flattens path data (SVG 1.1, section 8.3).
func parsePath(text string) ([]outline, error) {
	p := pathParser{scanner: scanner{text: text}}
	for !p.done() {
		if err := p.command(); err != nil {
			return nil, fmt.Errorf("path data, byte %d: %w", p.at, err)
		}
	}
	p.finish(false)
	return p.outlines, nil
}

// pathParser holds the state of a path: where it is, and the control point that a smooth curve mirrors.
type pathParser struct {
	scanner
	outlines []outline
	points   []point // of the open subpath
	start    point
	here     point
	control  point // of the last curve
	last     byte  // upper-case letter of the last command
	letter   byte  // letter in force, with its case
}

// arguments is how many numbers a command takes.
var arguments = map[byte]int{'M': 2, 'L': 2, 'H': 1, 'V': 1, 'C': 6, 'S': 4, 'Q': 4, 'T': 2, 'A': 7, 'Z': 0}

// command reads a letter, or repeats the last one, and its numbers.
func (p *pathParser) command() error {
	if c, ok := p.readLetter(); ok {
		p.letter = c
	} else if p.letter == 0 || p.letter|0x20 == 'z' {
		return fmt.Errorf("want a command")
	}
	upper := p.letter &^ 0x20
	n, ok := arguments[upper]
	if !ok {
		return fmt.Errorf("command %q", p.letter)
	}
	v := make([]float64, n)
	for i := range v {
		var err error
		if upper == 'A' && (i == 3 || i == 4) {
			v[i], err = p.readFlag()
		} else {
			v[i], err = p.readNumber()
		}
		if err != nil {
			return err
		}
	}
	p.run(upper, v, p.letter != upper)
	p.last = upper
	switch p.letter { // further pairs after a move are lines
	case 'M':
		p.letter = 'L'
	case 'm':
		p.letter = 'l'
	}
	return nil
}

func (p *pathParser) run(command byte, v []float64, relative bool) {
	var origin point
	if relative {
		origin = p.here
	}
	at := func(i int) point { return point{v[i], v[i+1]}.plus(origin) }
	switch command {
	case 'M':
		p.finish(false)
		p.here = at(0)
		p.start = p.here
	case 'Z':
		p.finish(true)
		p.here = p.start
	case 'L':
		p.line(at(0))
	case 'H':
		p.line(point{v[0] + origin.x, p.here.y})
	case 'V':
		p.line(point{p.here.x, v[0] + origin.y})
	case 'C':
		p.curve(at(0), at(2), at(4))
	case 'S':
		p.curve(p.mirrored('C', 'S'), at(0), at(2))
	case 'Q':
		p.quadratic(at(0), at(2))
	case 'T':
		p.quadratic(p.mirrored('Q', 'T'), at(0))
	case 'A':
		p.arc(v, at(5))
	}
}

// mirrored is the control point of a smooth curve: the last one's, mirrored, if the last command was of the same kind.
func (p *pathParser) mirrored(kinds ...byte) point {
	for _, k := range kinds {
		if p.last == k {
			return p.here.plus(p.here.minus(p.control))
		}
	}
	return p.here
}

func (p *pathParser) line(to point) {
	if len(p.points) == 0 {
		p.points = append(p.points, p.here)
	}
	p.points = append(p.points, to)
	p.here = to
}

func (p *pathParser) curve(a, b, to point) {
	from := p.here
	for k := 1; k <= curvePieces; k++ {
		t := float64(k) / curvePieces
		ab, bc, cd := from.mix(a, t), a.mix(b, t), b.mix(to, t)
		p.line(ab.mix(bc, t).mix(bc.mix(cd, t), t))
	}
	p.here, p.control = to, b
}

func (p *pathParser) quadratic(a, to point) {
	p.curve(p.here.mix(a, 2./3), to.mix(a, 2./3), to)
	p.control = a
}

// arc draws an elliptical arc (SVG 1.1, appendix F.6.5: from end points to centre).
func (p *pathParser) arc(v []float64, to point) {
	rx, ry := math.Abs(v[0]), math.Abs(v[1])
	from := p.here
	if rx == 0 || ry == 0 || from == to {
		p.line(to)
		return
	}
	sin, cos := math.Sincos(v[2] * math.Pi / 180)
	d := from.minus(to).times(.5)
	x, y := cos*d.x+sin*d.y, cos*d.y-sin*d.x
	if big := x*x/(rx*rx) + y*y/(ry*ry); big > 1 {
		rx, ry = rx*math.Sqrt(big), ry*math.Sqrt(big)
	}
	f := math.Sqrt(max(0, (rx*rx*ry*ry-rx*rx*y*y-ry*ry*x*x)/(rx*rx*y*y+ry*ry*x*x)))
	if (v[3] != 0) == (v[4] != 0) {
		f = -f
	}
	cx, cy := f*rx*y/ry, -f*ry*x/rx
	first := math.Atan2((y-cy)/ry, (x-cx)/rx)
	sweep := math.Atan2((-y-cy)/ry, (-x-cx)/rx) - first
	switch {
	case v[4] != 0 && sweep < 0:
		sweep += 2 * math.Pi
	case v[4] == 0 && sweep > 0:
		sweep -= 2 * math.Pi
	}
	middle := from.mix(to, .5)
	pieces := 1 + int(math.Abs(sweep)*2*curvePieces/math.Pi)
	for k := 1; k < pieces; k++ {
		s, c := math.Sincos(first + sweep*float64(k)/float64(pieces))
		ex, ey := cx+rx*c, cy+ry*s
		p.line(point{cos*ex - sin*ey, sin*ex + cos*ey}.plus(middle))
	}
	p.line(to)
}

// finish ends the open subpath.
func (p *pathParser) finish(closed bool) {
	if len(p.points) > 0 {
		p.outlines = append(p.outlines, outline{p.points, closed})
	}
	p.points = nil
}

// scanner reads numbers that may stand without separators, as in "1.5.5-3".
type scanner struct {
	text string
	at   int
}

func (s *scanner) skip() {
	for s.at < len(s.text) && strings.IndexByte(" ,\n\t\r", s.text[s.at]) >= 0 {
		s.at++
	}
}

func (s *scanner) done() bool {
	s.skip()
	return s.at == len(s.text)
}

func (s *scanner) readLetter() (byte, bool) {
	if s.done() {
		return 0, false
	}
	c := s.text[s.at]
	if u := c &^ 0x20; u < 'A' || u > 'Z' {
		return 0, false
	}
	s.at++
	return c, true
}

// readFlag reads the 0 or 1 of an arc, which may be followed by a digit directly.
func (s *scanner) readFlag() (float64, error) {
	if s.done() || s.text[s.at] != '0' && s.text[s.at] != '1' {
		return 0, fmt.Errorf("want a flag 0 or 1")
	}
	s.at++
	return float64(s.text[s.at-1] - '0'), nil
}

func (s *scanner) readNumber() (float64, error) {
	s.skip()
	start, dot := s.at, false
	for ; s.at < len(s.text); s.at++ {
		c := s.text[s.at]
		sign := (c == '-' || c == '+') && (s.at == start || s.text[s.at-1]|0x20 == 'e')
		exponent := c|0x20 == 'e' && s.at > start
		if c == '.' && !dot {
			dot = true
		} else if (c < '0' || c > '9') && !sign && !exponent {
			break
		}
	}
	v, err := strconv.ParseFloat(s.text[start:s.at], 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, fmt.Errorf("want a number, not %q", s.text[start:min(len(s.text), start+10)])
	}
	return v, nil
}

func parseNumbers(text string) (all []float64, err error) {
	s := scanner{text: text}
	for !s.done() {
		v, err := s.readNumber()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
