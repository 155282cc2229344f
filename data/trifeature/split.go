package trifeature

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/mclclip/mclclip/data/imageset"
	"github.com/mclclip/mclclip/data/scenes"
)

// The splits.
const (
	// Combinations holds out 200 of the 1,000 combinations of classes (CoMM's split).
	Combinations = "combinations"
	// Uncorrelated holds out three classes of each of the two features beside Target: the training set has all ten classes of
	// Target and seven of the others, 490 combinations, the test set the other 510 (Hermann and Lampinen).
	Uncorrelated = "uncorrelated"
	// Correlated ties the class of the second feature of Tied to that of the first with probability Correlation in the training
	// set; the test set has all combinations alike.
	Correlated = "correlated"
)

// FeatureNames are the three features in the order of Item.
var FeatureNames = []string{"shape", "texture", "color"}

// Config says which pictures to draw.
type Config struct {
	Size         int       `json:"size"`          // S, pixels; drawn at 224 and reduced
	Split        string    `json:"split"`         // Combinations, Uncorrelated or Correlated
	Target       string    `json:"target"`        // feature of Uncorrelated
	Tied         [2]string `json:"tied"`          // features of Correlated
	Correlation  float64   `json:"correlation"`   // probability that the second is as the first says, .1 to 1
	Versions     int       `json:"versions"`      // pictures of each training combination; Correlated: 490 times as many in all
	TestVersions int       `json:"test_versions"` // of each combination of the test set
	Seed         uint64    `json:"seed"`
}

// DefaultConfig is CoMM's split at 32 pixels.
func DefaultConfig() Config {
	return Config{Size: 32, Split: Combinations, Target: "shape", Tied: [2]string{"color", "shape"}, Correlation: .9, Versions: 3, TestVersions: 1}
}

// Validate names the first setting that cannot be.
func (c Config) Validate() error {
	switch {
	case c.Size < 16 || c.Size > Side:
		return fmt.Errorf("--size %d: want 16 to %d pixels", c.Size, Side)
	case c.Versions < 1 || c.TestVersions < 1:
		return fmt.Errorf("--versions %d and %d for the test: want at least 1", c.Versions, c.TestVersions)
	case c.Split != Combinations && c.Split != Uncorrelated && c.Split != Correlated:
		return fmt.Errorf("--split %q: want %s, %s or %s", c.Split, Combinations, Uncorrelated, Correlated)
	case c.Split == Uncorrelated && featureNumber(c.Target) < 0:
		return fmt.Errorf("--target %q: want %s", c.Target, strings.Join(FeatureNames, ", "))
	case c.Split == Correlated && (featureNumber(c.Tied[0]) < 0 || featureNumber(c.Tied[1]) < 0 || c.Tied[0] == c.Tied[1]):
		return fmt.Errorf("--tied %s,%s: want two different ones of %s", c.Tied[0], c.Tied[1], strings.Join(FeatureNames, ", "))
	case c.Split == Correlated && !(c.Correlation >= .1 && c.Correlation <= 1):
		return fmt.Errorf("--correlation %g: want .1 (none) to 1", c.Correlation)
	}
	return nil
}

func featureNumber(name string) int {
	for i, n := range FeatureNames {
		if n == name {
			return i
		}
	}
	return -1
}

// Generate draws both sets.
func Generate(c Config) (train, test *imageset.Set, err error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	trainItems, testItems := c.items()
	return c.draw(trainItems, 1), c.draw(testItems, 2), nil
}

// Pictures counts the pictures of the training and of the test set.
func (c Config) Pictures() (train, test int) {
	first, second := c.items()
	return len(first), len(second)
}

// items lists the pictures of both sets.
func (c Config) items() (train, test [][3]int) {
	r := rand.New(rand.NewPCG(c.Seed, 0x73706c6974))
	var all [][3]int
	for i := range Classes * Classes * Classes {
		all = append(all, [3]int{i / 100, i / 10 % 10, i % 10})
	}
	if c.Split == Correlated {
		return c.correlated(r), repeat(all, c.TestVersions)
	}
	held := func(i int, _ [3]int) bool { return i >= 800 }
	if c.Split == Combinations {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	} else {
		held = c.heldClasses(r)
	}
	var some, others [][3]int
	for i, item := range all {
		if held(i, item) {
			others = append(others, item)
		} else {
			some = append(some, item)
		}
	}
	return repeat(some, c.Versions), repeat(others, c.TestVersions)
}

// heldClasses chooses the three classes of each feature but the target that training does not show.
func (c Config) heldClasses(r *rand.Rand) func(int, [3]int) bool {
	var out [3][Classes]bool
	for f := range out {
		if f == featureNumber(c.Target) {
			continue
		}
		for _, class := range r.Perm(Classes)[:3] {
			out[f][class] = true
		}
	}
	return func(_ int, item [3]int) bool { return out[0][item[0]] || out[1][item[1]] || out[2][item[2]] }
}

// correlated draws the training set of Correlated: 490 pictures a version, 4,900 for the paper's ten.
func (c Config) correlated(r *rand.Rand) [][3]int {
	first, second := featureNumber(c.Tied[0]), featureNumber(c.Tied[1])
	items := make([][3]int, 490*c.Versions)
	for i := range items {
		for f := range items[i] {
			items[i][f] = r.IntN(Classes)
		}
		class := items[i][first]
		if r.Float64() >= c.Correlation {
			class = (class + 1 + r.IntN(Classes-1)) % Classes
		}
		items[i][second] = class
	}
	return items
}

func repeat(items [][3]int, times int) (out [][3]int) {
	for _, item := range items {
		for range times {
			out = append(out, item)
		}
	}
	return out
}

// draw renders the items; no two pictures of a data set share a seed.
func (c Config) draw(items [][3]int, part uint64) *imageset.Set {
	set := &imageset.Set{Size: c.Size}
	names := [][]string{scenes.TrifeatureShapes, scenes.TrifeatureTextures, scenes.TrifeatureColors}
	for f, name := range FeatureNames {
		feature := imageset.Feature{Name: name, Classes: names[f], Of: make([]int32, len(items))}
		for i, item := range items {
			feature.Of[i] = int32(item[f])
		}
		set.Features = append(set.Features, feature)
	}
	seeds := rand.New(rand.NewPCG(c.Seed, part))
	for _, item := range items {
		picture := Draw(Item{Shape: item[0], Texture: item[1], Color: item[2]}, seeds.Uint64())
		set.Pixels = append(set.Pixels, Shrink(picture, c.Size)...)
	}
	return set
}
