package preprocess

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"sync"
	"testing"

	"golang.org/x/image/draw"
)

// Every case equals Pillow in every bit, with the libraries and without.
func TestEvalEqualsPillow(t *testing.T) {
	needImagelibs(t)
	g := readGolden(t)
	for _, path := range allPaths() {
		p := path.preprocessor(t, nil)
		for _, name := range g.cases {
			t.Run(path.name+"/"+name, func(t *testing.T) {
				got := pixels()
				if err := p.Eval(got, g.file(name)); err != nil {
					t.Fatal(err)
				}
				if most, mean := difference(got, g.tensors[name+".eval"]); most != 0 {
					t.Errorf("off by %d at most, %.4f on average", most, mean)
				}
			})
		}
	}
}

func TestTrainEqualsPillow(t *testing.T) {
	needImagelibs(t)
	g := readGolden(t)
	seen := 0
	for _, path := range allPaths() {
		p := path.preprocessor(t, nil)
		for _, name := range g.cases {
			boxes := g.int32s(name + ".box")
			for i := 0; i < len(boxes); i += 4 {
				box := rect{boxes[i], boxes[i+1], boxes[i+2], boxes[i+3]}
				got := pixels()
				err := p.apply(got, g.file(name), "bicubic", func(size) placement { return trainPlacement(box, goldenSide) })
				if err != nil {
					t.Fatal(err)
				}
				want := g.tensors[name+".train"][i/4*len(got):][:len(got)]
				if most, _ := difference(got, want); most != 0 {
					t.Errorf("%s: %s, box %v: off by %d", path.name, name, box, most)
				}
				seen++
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d boxes compared", seen)
	}
}

func TestModesEqualPillow(t *testing.T) {
	needImagelibs(t)
	g := readGolden(t)
	for variant, change := range map[string]func(*Config){
		"longest":  func(c *Config) { c.ResizeMode, c.FillColor = "longest", 90 },
		"squash":   func(c *Config) { c.ResizeMode = "squash" },
		"bilinear": func(c *Config) { c.Interpolation = "bilinear" },
		"exif":     func(c *Config) { c.EXIF = true },
	} {
		seen := 0
		for _, path := range allPaths() {
			p := path.preprocessor(t, change)
			for _, name := range g.cases {
				want := g.tensors[name+"."+variant]
				if want == nil {
					continue
				}
				got := pixels()
				if err := p.Eval(got, g.file(name)); err != nil {
					t.Fatal(err)
				}
				if most, _ := difference(got, want); most != 0 {
					t.Errorf("%s: %s: %s: off by %d", variant, path.name, name, most)
				}
				seen++
			}
		}
		if seen < 8 {
			t.Errorf("%s: only %d cases compared", variant, seen)
		}
	}
}

// The comparisons above can fail: with another order of passes, another kernel, the orientation left out.
func TestWrongWaysDiffer(t *testing.T) {
	needImagelibs(t)
	g := readGolden(t)
	for name, c := range map[string]struct {
		file, want string
		change     func(*Config)
	}{
		"horizontal pass first": {"jpeg-tall", "eval", func(c *Config) { c.HorizontalFirst = true }},
		"bilinear kernel":       {"png-rgb", "eval", func(c *Config) { c.Interpolation = "bilinear" }},
		"orientation ignored":   {"exif-jpeg-5", "exif", func(*Config) {}},
		"orientation applied":   {"exif-jpeg-5", "eval", func(c *Config) { c.EXIF = true }},
		"squashed":              {"jpeg-tall", "eval", func(c *Config) { c.ResizeMode = "squash" }},
	} {
		got := pixels()
		if err := nativePaths[0].preprocessor(t, c.change).Eval(got, g.file(c.file)); err != nil {
			t.Fatal(err)
		}
		if most, _ := difference(got, g.tensors[c.file+"."+c.want]); most == 0 {
			t.Errorf("%s: no difference", name)
		}
	}
}

func TestCatmullRomOfGoDiffers(t *testing.T) {
	g := readGolden(t)
	img, err := png.Decode(bytes.NewReader(g.file("png-bits")))
	if err != nil {
		t.Fatal(err)
	}
	pl := evalPlacement(size{img.Bounds().Dx(), img.Bounds().Dy()}, "shortest", goldenSide)
	resized := image.NewRGBA(image.Rect(0, 0, pl.resized.w, pl.resized.h))
	draw.CatmullRom.Scale(resized, resized.Rect, img, img.Bounds(), draw.Src, nil)
	got := pixels()
	for i := range goldenSide * goldenSide {
		c := resized.RGBAAt(pl.crop.x+i%goldenSide, pl.crop.y+i/goldenSide)
		got[i], got[i+len(got)/3], got[i+2*len(got)/3] = c.R, c.G, c.B
	}
	if most, mean := difference(got, g.tensors["png-bits.eval"]); most < 2 || mean > 10 {
		t.Errorf("off by %d at most, %.2f on average: not the same picture by another kernel", most, mean)
	}
}

func TestTrainIsSeeded(t *testing.T) {
	g := readGolden(t)
	p := goPaths[0].preprocessor(t, nil)
	crop := func(seed uint64) []byte {
		got := pixels()
		if err := p.Train(got, g.file("png-rgb"), seed); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if !bytes.Equal(crop(1), crop(1)) {
		t.Error("the same seed gave two crops")
	}
	if bytes.Equal(crop(1), crop(2)) {
		t.Error("two seeds gave the same crop")
	}
}

func TestManyGoroutines(t *testing.T) {
	g := readGolden(t)
	p, err := New(DefaultConfig(goldenSide))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{}
	for _, name := range g.cases {
		want[name] = pixels()
		if err := p.Eval(want[name], g.file(name)); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for name, want := range want {
				got := pixels()
				if err := p.Eval(got, g.file(name)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: other pixels than alone (%v)", name, err)
				}
			}
		})
	}
	group.Wait()
}

// An image of one colour comes out as that colour, whatever its size.
func TestFlatImageStaysFlat(t *testing.T) {
	p := goPaths[0].preprocessor(t, nil)
	for _, sides := range [][2]int{{1, 1}, {2, 300}, {300, 2}, {24, 24}, {25, 23}} {
		img := image.NewNRGBA(image.Rect(0, 0, sides[0], sides[1]))
		for i := range sides[0] * sides[1] {
			img.SetNRGBA(i%sides[0], i/sides[0], color.NRGBA{10, 128, 255, 255})
		}
		var encoded bytes.Buffer
		if err := png.Encode(&encoded, img); err != nil {
			t.Fatal(err)
		}
		got := pixels()
		if err := p.Eval(got, encoded.Bytes()); err != nil {
			t.Fatal(err)
		}
		plane := len(got) / 3
		for c, want := range []byte{10, 128, 255} {
			if n := bytes.Count(got[c*plane:][:plane], []byte{want}); n != plane {
				t.Errorf("%v: channel %d: %d of %d pixels are %d", sides, c, n, plane, want)
			}
		}
	}
}

func ExamplePreprocessor_Eval() {
	p, err := New(DefaultConfig(224))
	if err != nil {
		fmt.Println(err)
		return
	}
	pixels := make([]uint8, 3*224*224)
	err = p.Eval(pixels, []byte("<html>404 Not Found</html>"))
	fmt.Println(Reason(err))
	// Output: not an image
}
