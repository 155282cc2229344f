package scenes

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Streams of random numbers; each drawing has a generator of its own, seeded by (seed, stream, index).
const (
	streamTrain = iota + 1
	streamHeldOut
	streamBenchmark
)

// Sizes of objects, in sides of the image.
const (
	nearSize, farSize = .8, .25
	slotSize          = .24
	maxCount          = 5
)

// generator draws scenes of one side of the split.
type generator struct {
	config  Config
	split   *split
	heldOut bool
	rng     *rand.Rand
}

func newGenerator(c Config, s *split, stream, index int) *generator {
	rng := rand.New(rand.NewPCG(mix(c.Seed), mix(uint64(stream)<<48+uint64(index))))
	return &generator{config: c, split: s, heldOut: stream != streamTrain, rng: rng}
}

// scene returns a scene for one attribute.
func (g *generator) scene(a attribute) Scene {
	s := Scene{
		Attribute:  a.name,
		Triple:     g.config.Mode == ModeTriple,
		Background: g.between(.42, .58),
		Brightness: g.between(.75, 1),
		CodeBits:   g.config.CodeBits,
	}
	if g.config.CodeBits > 0 {
		s.Code = g.rng.Uint32N(1 << g.config.CodeBits)
	}
	s.Objects = a.draw(g)
	return s
}

// pair returns two scenes that differ in one attribute.
func (g *generator) pair(a attribute) (Scene, Scene, error) {
	const attempts = 10_000
	for range attempts {
		first := g.scene(a)
		second := first.clone()
		if a.vary(g, &second) {
			return first, second, nil
		}
	}
	return Scene{}, Scene{}, fmt.Errorf("pattern %q: no held-out pair that differs in the %s alone", a.pattern, a.name)
}

func (g *generator) between(low, high float64) float64 { return low + (high-low)*g.rng.Float64() }

func (g *generator) coin() bool { return g.rng.IntN(2) == 1 }

// top is the upper edge of the room for objects.
func (g *generator) top() float64 { return Scene{CodeBits: g.config.CodeBits}.top(g.config.Size) }

// object returns an object of the generator's side of the split, turned by up to maxAngle degrees, without a place.
func (g *generator) object(figure func() Figure, maxAngle float64) Object {
	for {
		o := Object{Figure: figure(), Color: g.rng.IntN(g.config.Colors), Texture: g.rng.IntN(g.config.Textures)}
		if !g.split.fits(g.heldOut, o.Color, o.Texture, o.Figure) {
			continue
		}
		o.Angle = g.between(-maxAngle, maxAngle)
		o.Weave = g.between(-45, 45)
		o.OffX, o.OffY = g.between(0, texturePeriod), g.between(0, texturePeriod)
		o.Grain = g.rng.Uint64()
		return o
	}
}

// anyShape picks one of the shapes in use.
func (g *generator) anyShape() Figure { return Figure(g.rng.IntN(g.config.Shapes)) }

func always(f Figure) func() Figure { return func() Figure { return f } }

// place gives the object a size and a random place such that it lies wholly in the image, with its frame if it may get one.
func (g *generator) place(o *Object, low, high, reach float64) {
	sin, cos := math.Sincos(o.Angle * math.Pi / 180)
	spread := reach * (math.Abs(sin) + math.Abs(cos)) // half the width of what a unit of size takes
	top := g.top()
	o.Size = min(g.between(low, high), (1-top)/(2*spread))
	half := spread * o.Size
	o.X, o.Y = g.between(half, 1-half), g.between(top+half, 1-half)
}

// Half of the width that an object takes, in units of its size.
const (
	bare    = .5
	framed  = .66
	sceneAt = 15.0 // degrees that an object of the scene mode is turned at most: more would blur left, above and the like
)

// triple is Trifeature's object: turned up to 45 degrees, about four sevenths of the image.
func (g *generator) triple() []Object {
	o := g.object(g.anyShape, 45)
	g.place(&o, .5, .65, bare)
	return []Object{o}
}

func (g *generator) single() []Object { return g.one(g.anyShape, .5, .75, bare) }

func (g *generator) one(figure func() Figure, low, high, reach float64) []Object {
	o := g.object(figure, sceneAt)
	g.place(&o, low, high, reach)
	return []Object{o}
}

func (g *generator) arrow() []Object {
	o := g.one(always(Arrow), .6, .75, bare)
	o[0].Facing = Direction(g.rng.IntN(4))
	return o
}

func (g *generator) fish() []Object {
	o := g.one(always(Fish), .65, .8, bare)
	if g.coin() {
		o[0].Facing = Left
	}
	return o
}

func (g *generator) dotted() []Object {
	o := g.one(g.anyShape, .5, .75, bare)
	o[0].Dot = g.coin()
	return o
}

func (g *generator) framed() []Object {
	o := g.one(g.anyShape, .45, .55, framed)
	o[0].Frame = g.coin()
	return o
}

func (g *generator) glass() []Object {
	o := g.one(always(Glass), .55, .7, bare)
	o[0].Full = g.coin()
	return o
}

func (g *generator) broken() []Object {
	o := g.one(g.anyShape, .55, .75, bare)
	o[0].Broken = g.coin()
	return o
}

func (g *generator) cup() []Object {
	o := g.one(always(Cup), .65, .8, bare)
	o[0].Above = g.coin()
	return o
}

// sign is not turned: its letters are drawn upright.
func (g *generator) sign() []Object {
	o := g.object(always(Sign), 0)
	g.place(&o, .85, .95, bare)
	o.Word = g.rng.IntN(len(signWords))
	return []Object{o}
}

// distant is an object near the middle, close up or far away.
func (g *generator) distant() []Object {
	o := g.object(g.anyShape, 5)
	g.place(&o, nearSize, nearSize, bare)
	if g.coin() {
		o.Size = farSize
	}
	return []Object{o}
}

// near says which of the two distances an object of distant has.
func (o Object) near() bool { return o.Size > (nearSize+farSize)/2 }

// several is one to five equal objects in a grid of three by two slots.
func (g *generator) several() []Object {
	o := g.object(g.anyShape, sceneAt)
	o.Size = slotSize
	var all []Object
	for range 1 + g.rng.IntN(maxCount) {
		o.X, o.Y = g.freeSlot(all)
		all = append(all, o)
	}
	return all
}

// freeSlot is the middle of a slot that no object takes.
func (g *generator) freeSlot(taken []Object) (x, y float64) {
	top := g.top()
	for {
		column, row := g.rng.IntN(3), g.rng.IntN(2)
		x, y = (float64(column)+.5)/3, top+(1-top)*(float64(row)+.5)/2
		free := true
		for _, o := range taken {
			free = free && (o.X != x || o.Y != y)
		}
		if free {
			return x, y
		}
	}
}

// beside and stacked are two different shapes, one beside or above the other.
func (g *generator) beside() []Object {
	a, b := g.couple()
	middle := (1 + g.top()) / 2
	a.X, b.X = .25, .75
	a.Y, b.Y = g.between(middle-.1, middle+.1), g.between(middle-.1, middle+.1)
	return g.shuffle(a, b)
}

func (g *generator) stacked() []Object {
	a, b := g.couple()
	room := 1 - g.top()
	a.Y, b.Y = 1-.75*room, 1-.25*room
	a.X, b.X = g.between(.4, .6), g.between(.4, .6)
	return g.shuffle(a, b)
}

func (g *generator) couple() (a, b Object) {
	for a = g.object(g.anyShape, sceneAt); ; {
		b = g.object(g.anyShape, sceneAt)
		if a.Figure != b.Figure || a.Color != b.Color || a.Texture != b.Texture {
			a.Size, b.Size = .37, .37
			return a, b
		}
	}
}

// shuffle decides which of two objects the caption names first.
func (g *generator) shuffle(a, b Object) []Object {
	if g.coin() {
		return []Object{b, a}
	}
	return []Object{a, b}
}
