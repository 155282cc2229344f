package scenes

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"math"
	"reflect"
	"slices"
	"testing"
)

func encode(t *testing.T, img *image.RGBA) []byte {
	t.Helper()
	content, err := Encode(img)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func decode(t *testing.T, content []byte) *image.RGBA {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, image.Point{}, draw.Src)
	return out
}

func TestStatements(t *testing.T) {
	orange := Object{Figure: Square, Texture: 4, Color: 8, X: .2, Y: .3, Size: nearSize}
	blue := Object{Figure: Star, Texture: 1, Color: 2, X: .7, Y: .8}
	with := func(change func(*Object)) Object {
		o := orange
		change(&o)
		return o
	}
	for want, s := range map[string]Scene{
		"orange dots square":                                   {Triple: true, Objects: []Object{orange}},
		"orange dots square code none":                         {Triple: true, Objects: []Object{orange}, CodeBits: 4},
		"blue stripes star code alpha charlie delta":           {Triple: true, Objects: []Object{blue}, CodeBits: 4, Code: 0b1101},
		"an orange dotted square":                              {Attribute: attrColor, Objects: []Object{orange}},
		"a blue striped star code bravo":                       {Attribute: attrTexture, Objects: []Object{blue}, CodeBits: 2, Code: 2},
		"an orange dotted square with a dot":                   {Attribute: attrDot, Objects: []Object{with(func(o *Object) { o.Dot = true })}},
		"an orange dotted square without a frame":              {Attribute: attrFrame, Objects: []Object{orange}},
		"a whole orange dotted square":                         {Attribute: attrBreakage, Objects: []Object{orange}},
		"a full orange dotted glass":                           {Attribute: attrFilling, Objects: []Object{with(func(o *Object) { o.Figure, o.Full = Glass, true })}},
		"an empty orange dotted glass":                         {Attribute: attrFilling, Objects: []Object{with(func(o *Object) { o.Figure = Glass })}},
		"an orange dotted arrow pointing down":                 {Attribute: attrArrow, Objects: []Object{with(func(o *Object) { o.Figure, o.Facing = Arrow, Down })}},
		"an orange dotted fish facing left":                    {Attribute: attrFish, Objects: []Object{with(func(o *Object) { o.Figure, o.Facing = Fish, Left })}},
		"one orange dotted square":                             {Attribute: attrCount, Objects: []Object{orange}},
		"three blue striped stars":                             {Attribute: attrCount, Objects: []Object{blue, blue, blue}},
		"an orange dotted square left of a blue striped star":  {Attribute: attrSideways, Objects: []Object{orange, blue}},
		"a blue striped star right of an orange dotted square": {Attribute: attrSideways, Objects: []Object{blue, orange}},
		"an orange dotted square above a blue striped star":    {Attribute: attrUpright, Objects: []Object{orange, blue}},
		"a blue striped star below an orange dotted square":    {Attribute: attrUpright, Objects: []Object{blue, orange}},
		"an orange dotted sign that says dog":                  {Attribute: attrWord, Objects: []Object{with(func(o *Object) { o.Figure, o.Word = Sign, 1 })}},
		"an orange dotted square close up":                     {Attribute: attrDistance, Objects: []Object{orange}},
		"an orange dotted square far away":                     {Attribute: attrDistance, Objects: []Object{with(func(o *Object) { o.Size = farSize })}},
		"an orange dotted cup seen from above":                 {Attribute: attrViewpoint, Objects: []Object{with(func(o *Object) { o.Figure, o.Above = Cup, true })}},
	} {
		if got := Statement(s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// sceneConfig is a small scene-mode config; tripleConfig its triple-mode sibling.
func sceneConfig() Config {
	c := DefaultConfig()
	c.Mode, c.Seed, c.Pairs, c.HeldOut, c.PairsPerPattern, c.CodeBits = ModeScene, 3, 300, 120, 15, 6
	return c
}

func tripleConfig() Config {
	c := sceneConfig()
	c.Mode = ModeTriple
	return c
}

// mayDiffer names the fields of the first object, or of all, in which a pair of each attribute differs.
var mayDiffer = map[string][]string{
	attrColor: {"Color"}, attrTexture: {"Texture"}, attrShape: {"Figure"}, attrArrow: {"Facing"}, attrFish: {"Facing"},
	attrDot: {"Dot"}, attrFrame: {"Frame"}, attrFilling: {"Full"}, attrBreakage: {"Broken"}, attrCount: nil,
	attrSideways: {"X"}, attrUpright: {"Y"}, attrWord: {"Word"}, attrDistance: {"Size"}, attrViewpoint: {"Above"},
}

func allPairs(t *testing.T, c Config) []Pair {
	t.Helper()
	all, err := pairs(c, newSplit(c))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPairsDifferInOneParameter(t *testing.T) {
	for _, c := range []Config{sceneConfig(), tripleConfig()} {
		for _, p := range allPairs(t, c) {
			a, b := p.Scenes[0], p.Scenes[1]
			differ := sceneDifferences(a, b)
			want := mayDiffer[p.Attribute]
			if p.Attribute == attrCount {
				n := min(len(a.Objects), len(b.Objects))
				if len(a.Objects) == len(b.Objects) || !reflect.DeepEqual(a.Objects[:n], b.Objects[:n]) {
					t.Errorf("questions %v: more than the count differs", p.Questions)
				}
			} else if !slices.Equal(differ, want) {
				t.Errorf("questions %v, %s: %q differ, want %q", p.Questions, p.Attribute, differ, want)
			}
			if Statement(a) == Statement(b) {
				t.Errorf("questions %v: both statements are %q", p.Questions, Statement(a))
			}
		}
	}
}

// sceneDifferences names the fields in which two scenes with as many objects differ.
func sceneDifferences(a, b Scene) (names []string) {
	compare := func(x, y reflect.Value) {
		for i := range x.NumField() {
			name := x.Type().Field(i).Name
			if name != "Objects" && !x.Field(i).Equal(y.Field(i)) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	compare(reflect.ValueOf(a), reflect.ValueOf(b))
	for i := range min(len(a.Objects), len(b.Objects)) {
		compare(reflect.ValueOf(a.Objects[i]), reflect.ValueOf(b.Objects[i]))
	}
	return names
}

func TestPairsDifferInPixelsOnlyWhereTheParameterActs(t *testing.T) {
	for _, c := range []Config{sceneConfig(), tripleConfig()} {
		for _, p := range allPairs(t, c) {
			a, b := Draw(p.Scenes[0], c.Size), Draw(p.Scenes[1], c.Size)
			changed := 0
			for y := range c.Size {
				for x := range c.Size {
					if a.RGBAAt(x, y) == b.RGBAAt(x, y) {
						continue
					}
					changed++
					if !insideAny(p, x, y, c.Size) {
						t.Fatalf("questions %v, %s: pixel %d,%d differs outside all objects", p.Questions, p.Attribute, x, y)
					}
				}
			}
			if changed < 6 {
				t.Errorf("questions %v, %s: only %d pixels differ", p.Questions, p.Attribute, changed)
			}
		}
	}
}

// insideAny says whether a pixel lies in the box of an object, frame included, of either scene, below the code.
func insideAny(p Pair, x, y, size int) bool {
	if y < codeHeight(size) {
		return false
	}
	for _, s := range p.Scenes {
		for _, o := range s.Objects {
			reach := .5
			if p.Attribute == attrFrame {
				reach = framed
			}
			half := reach*o.Size*spread(o.Angle)*float64(size) + 1
			if math.Abs(float64(x)+.5-o.X*float64(size)) <= half && math.Abs(float64(y)+.5-o.Y*float64(size)) <= half {
				return true
			}
		}
	}
	return false
}

// spread is how much wider than its side a turned square is.
func spread(angle float64) float64 {
	sin, cos := math.Sincos(angle * math.Pi / 180)
	return math.Abs(sin) + math.Abs(cos)
}

func TestObjectsLieWhollyInTheImage(t *testing.T) {
	for _, c := range []Config{sceneConfig(), tripleConfig()} {
		split := newSplit(c)
		for _, a := range c.attributes() {
			for i := range 200 {
				s := newGenerator(c, split, streamTrain, i).scene(a)
				for _, o := range s.Objects {
					half := .5 * o.Size * spread(o.Angle)
					if o.Frame {
						half = framed * o.Size * spread(o.Angle)
					}
					const eps = 1e-9
					if o.X-half < -eps || o.X+half > 1+eps || o.Y-half < s.top(c.Size)-eps || o.Y+half > 1+eps {
						t.Fatalf("%s %d: object at %.2f,%.2f of size %.2f leaves the image", a.name, i, o.X, o.Y, o.Size)
					}
				}
			}
		}
	}
}

// In Trifeature the jitter makes every drawing different; without it a net could learn drawings by heart.
func TestDrawingsOfOneCombinationDiffer(t *testing.T) {
	c := tripleConfig()
	c.Colors, c.Textures, c.Shapes, c.HeldOutTenths, c.CodeBits = 1, 1, 1, 0, 0
	split := newSplit(c)
	seen := map[string]bool{}
	for i := range 50 {
		s := newGenerator(c, split, streamTrain, i).scene(tripleAttributes[0])
		seen[string(encode(t, Draw(s, c.Size)))] = true
	}
	if len(seen) != 50 {
		t.Errorf("got %d different drawings of 50", len(seen))
	}
}
