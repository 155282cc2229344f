package scenes

import "slices"

// The attributes: what a caption speaks of, and what the two images of a benchmark pair differ in.
const (
	attrColor     = "color"
	attrTexture   = "texture"
	attrShape     = "shape"
	attrArrow     = "arrow direction"
	attrFish      = "fish direction"
	attrDot       = "dot"
	attrFrame     = "frame"
	attrFilling   = "filling"
	attrBreakage  = "breakage"
	attrCount     = "count"
	attrSideways  = "left or right"
	attrUpright   = "above or below"
	attrWord      = "word"
	attrDistance  = "distance"
	attrViewpoint = "side or above"
)

// attribute is one respect in which scenes can differ.
type attribute struct {
	name, pattern string
	draw          func(g *generator) []Object       // objects in which the attribute has some value
	vary          func(g *generator, s *Scene) bool // gives it another value and changes nothing else; false if there is none
}

// sceneAttributes are those of the scene mode, tripleAttributes those of the triple mode, in the order of their patterns.
var (
	sceneAttributes = []attribute{
		{attrArrow, Orientation, (*generator).arrow, (*generator).turn},
		{attrFish, Orientation, (*generator).fish, (*generator).turn},
		{attrDot, Presence, (*generator).dotted, func(_ *generator, s *Scene) bool { return flip(&s.Objects[0].Dot) }},
		{attrFrame, Presence, (*generator).framed, func(_ *generator, s *Scene) bool { return flip(&s.Objects[0].Frame) }},
		{attrFilling, State, (*generator).glass, func(_ *generator, s *Scene) bool { return flip(&s.Objects[0].Full) }},
		{attrBreakage, State, (*generator).broken, func(_ *generator, s *Scene) bool { return flip(&s.Objects[0].Broken) }},
		{attrCount, Quantity, (*generator).several, (*generator).recount},
		{attrSideways, Position, (*generator).beside, swapPlaces},
		{attrUpright, Position, (*generator).stacked, swapPlaces},
		{attrColor, Color, (*generator).single, (*generator).recolor},
		{attrTexture, Structure, (*generator).single, (*generator).reweave},
		{attrShape, Structure, (*generator).single, (*generator).reshape},
		{attrWord, Texts, (*generator).sign, (*generator).reword},
		{attrDistance, Viewpoint, (*generator).distant, (*generator).move},
		{attrViewpoint, Viewpoint, (*generator).cup, func(_ *generator, s *Scene) bool { return flip(&s.Objects[0].Above) }},
	}
	tripleAttributes = []attribute{
		{attrColor, TripleColor, (*generator).triple, (*generator).recolor},
		{attrTexture, TripleTexture, (*generator).triple, (*generator).reweave},
		{attrShape, TripleShape, (*generator).triple, (*generator).reshape},
	}
)

// attributes are those of the mode's patterns that can differ with the classes in use.
func (c Config) attributes() []attribute {
	all := sceneAttributes
	if c.Mode == ModeTriple {
		all = tripleAttributes
	}
	patterns := c.patterns()
	return slices.DeleteFunc(slices.Clone(all), func(a attribute) bool {
		return !slices.Contains(patterns, a.pattern) || a.name == attrColor && c.Colors < 2 ||
			a.name == attrTexture && c.Textures < 2 || a.name == attrShape && c.Shapes < 2
	})
}

func flip(flag *bool) bool {
	*flag = !*flag
	return true
}

// swapPlaces lets two objects exchange their places along the axis that the caption speaks of.
func swapPlaces(_ *generator, s *Scene) bool {
	a, b := &s.Objects[0], &s.Objects[1]
	if s.Attribute == attrSideways {
		a.X, b.X = b.X, a.X
	} else {
		a.Y, b.Y = b.Y, a.Y
	}
	return true
}

// turn lets an arrow point in any other direction, and a fish look in the opposite one.
func (g *generator) turn(s *Scene) bool {
	o := &s.Objects[0]
	if s.Attribute == attrFish {
		o.Facing = Left - o.Facing
		return true
	}
	o.Facing = (o.Facing + 1 + Direction(g.rng.IntN(3))) % 4
	return true
}

func (g *generator) recolor(s *Scene) bool {
	o := &s.Objects[0]
	return g.pick(&o.Color, g.split.otherColors(o.Color, o.Texture, o.Figure))
}

func (g *generator) reweave(s *Scene) bool {
	o := &s.Objects[0]
	return g.pick(&o.Texture, g.split.otherTextures(o.Color, o.Texture, o.Figure))
}

func (g *generator) reshape(s *Scene) bool {
	o := &s.Objects[0]
	shape := int(o.Figure)
	ok := g.pick(&shape, g.split.otherShapes(o.Color, o.Texture, o.Figure))
	o.Figure = Figure(shape)
	return ok
}

func (g *generator) pick(value *int, others []int) bool {
	if len(others) == 0 {
		return false
	}
	*value = others[g.rng.IntN(len(others))]
	return true
}

func (g *generator) reword(s *Scene) bool {
	s.Objects[0].Word = (s.Objects[0].Word + 1 + g.rng.IntN(len(signWords)-1)) % len(signWords)
	return true
}

// recount adds objects or takes some away; those that stay keep their places.
func (g *generator) recount(s *Scene) bool {
	n := 1 + (len(s.Objects)+g.rng.IntN(maxCount-1))%maxCount
	if n < len(s.Objects) {
		s.Objects = s.Objects[:n]
		return true
	}
	first := s.Objects[0]
	for len(s.Objects) < n {
		o := first
		o.X, o.Y = g.freeSlot(s.Objects)
		s.Objects = append(s.Objects, o)
	}
	return true
}

// move brings a far object near or takes a near one far away.
func (g *generator) move(s *Scene) bool {
	if o := &s.Objects[0]; o.near() {
		o.Size = farSize
	} else {
		o.Size = nearSize
	}
	return true
}
