package trifeature

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// reach returns the rows and columns of the picture that are not background, and their number.
func reach(p []uint8) (top, bottom, left, right, n int) {
	top, left = Side, Side
	for y := range Side {
		for x := range Side {
			for c := range 3 {
				if p[(c*Side+y)*Side+x] != 128 {
					top, bottom, left, right = min(top, y), max(bottom, y), min(left, x), max(right, x)
					n++
					break
				}
			}
		}
	}
	return top, bottom, left, right, n
}

func TestAShapeLiesWhollyInsideThePicture(t *testing.T) {
	seen := [2]int{Side, 0}
	for seed := range uint64(60) {
		p := Draw(Item{Shape: 1}, seed) // a solid red square
		top, bottom, left, right, n := reach(p)
		if math.Abs(float64(n)-128*128) > 600 {
			t.Fatalf("seed %d: a square covers %d pixels, want about %d", seed, n, 128*128)
		}
		if bottom-top < 126 || right-left < 126 || bottom-top > 183 || right-left > 183 {
			t.Fatalf("seed %d: a turned square reaches over %d x %d pixels", seed, right-left, bottom-top)
		}
		if p[((top+bottom)/2)*Side+(left+right)/2] != 255 || p[Side*Side+((top+bottom)/2)*Side+(left+right)/2] != 0 {
			t.Fatalf("seed %d: the middle is not red", seed)
		}
		seen = [2]int{min(seen[0], top), max(seen[1], bottom)}
	}
	if seen[0] > 8 || seen[1] < Side-9 {
		t.Errorf("shapes reach from row %d to %d: they should be anywhere", seen[0], seen[1])
	}
}

func TestTexturesCoverTheirShare(t *testing.T) {
	// Shares of a period of 10 x 10 pixels by the rules; noise and rain by their probabilities.
	want := map[int]float64{0: 1, 1: .3, 2: .51, 5: .5, 8: 1 - math.Pow(.95, 7)}
	for texture, share := range want {
		sum := 0.0
		for seed := range uint64(20) {
			_, _, _, _, n := reach(Draw(Item{Shape: 1, Texture: texture, Color: 9}, seed))
			sum += float64(n) / (128 * 128) / 20
		}
		if math.Abs(sum-share) > .03 {
			t.Errorf("texture %d covers %.3f of a square, want %.3f", texture, sum, share)
		}
	}
}

func TestAPictureIsAFunctionOfItsSeed(t *testing.T) {
	item := Item{Shape: 7, Texture: 5, Color: 3}
	if !slices.Equal(Draw(item, 4), Draw(item, 4)) || slices.Equal(Draw(item, 4), Draw(item, 5)) {
		t.Error("the seed does not decide the picture")
	}
}

func TestShrinkingKeepsTheMean(t *testing.T) {
	p := Draw(Item{Shape: 3, Texture: 2, Color: 1}, 1)
	mean := func(v []uint8) (sum float64) {
		for _, b := range v {
			sum += float64(b) / float64(len(v))
		}
		return sum
	}
	for _, size := range []int{32, 48, 64, 100, Side} {
		if got := Shrink(p, size); len(got) != 3*size*size || math.Abs(mean(got)-mean(p)) > .3 {
			t.Errorf("%d pixels: %d bytes with mean %.2f, want mean %.2f", size, len(got), mean(got), mean(p))
		}
	}
}

func combinations(items [][3]int) map[[3]int]int {
	n := map[[3]int]int{}
	for _, item := range items {
		n[item]++
	}
	return n
}

func TestSplits(t *testing.T) {
	c := DefaultConfig()
	train, test := c.items()
	if len(train) != 2400 || len(test) != 200 {
		t.Errorf("combinations: %d and %d pictures, want CoMM's 2400 and 200", len(train), len(test))
	}
	for item := range combinations(test) {
		if combinations(train)[item] > 0 {
			t.Fatalf("combinations: %v is in both", item)
		}
	}
	c.Split, c.Versions, c.TestVersions = Uncorrelated, 7, 7
	for f, target := range FeatureNames {
		c.Target = target
		train, test := c.items()
		if len(train) != 3430 || len(test) != 3570 {
			t.Errorf("uncorrelated: %d and %d pictures, want the paper's 3430 and 3570", len(train), len(test))
		}
		for k := range FeatureNames {
			classes := map[int]bool{}
			for _, item := range train {
				classes[item[k]] = true
			}
			if want := map[bool]int{true: 10, false: 7}[k == f]; len(classes) != want {
				t.Errorf("target %s: training shows %d classes of %s, want %d", target, len(classes), FeatureNames[k], want)
			}
		}
	}
}

func TestCorrelationIsAConditionalProbability(t *testing.T) {
	c := DefaultConfig()
	c.Split, c.Versions, c.Tied = Correlated, 10, [2]string{"texture", "color"}
	for _, p := range []float64{.1, .6, 1} {
		c.Correlation = p
		train, test := c.items()
		same, other := 0., 0.
		for _, item := range train {
			if item[1] == item[2] {
				same++
			}
			if item[0] == item[1] {
				other++
			}
		}
		if len(train) != 4900 || len(test) != 1000 {
			t.Fatalf("%d and %d pictures", len(train), len(test))
		}
		if math.Abs(same/4900-p) > .025 || math.Abs(other/4900-.1) > .025 {
			t.Errorf("correlation %g: tied features agree in %.3f, the third in %.3f", p, same/4900, other/4900)
		}
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"--size":        func(c *Config) { c.Size = 500 },
		"--split":       func(c *Config) { c.Split = "halves" },
		"--tied":        func(c *Config) { c.Split, c.Tied = Correlated, [2]string{"color", "color"} },
		"--target":      func(c *Config) { c.Split, c.Target = Uncorrelated, "size" },
		"--correlation": func(c *Config) { c.Split, c.Correlation = Correlated, .05 },
		"--versions":    func(c *Config) { c.Versions = 0 },
	} {
		c := DefaultConfig()
		change(&c)
		if _, _, err := Generate(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a complaint with %s", err, want)
		}
	}
}
