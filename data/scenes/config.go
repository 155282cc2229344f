package scenes

import (
	"fmt"
	"slices"
	"strings"
)

// Modes of the generator.
const (
	ModeTriple = "triple"
	ModeScene  = "scene"
)

// Config says what is drawn. The files written depend on it alone.
type Config struct {
	Mode            string   `json:"mode"` // ModeTriple or ModeScene
	Seed            uint64   `json:"seed"`
	Size            int      `json:"size"`              // side of an image in pixels
	Pairs           int      `json:"pairs"`             // image-caption pairs for training
	HeldOut         int      `json:"held_out"`          // pairs of held-out combinations
	PairsPerPattern int      `json:"pairs_per_pattern"` // in the benchmark
	HeldOutTenths   int      `json:"held_out_tenths"`   // tenths of the combinations held out: 0 (none: only the drawings differ) or 2 to 5
	Patterns        []string `json:"patterns"`          // some of those of the mode; none means all
	Colors          int      `json:"colors"`            // how many of the ten are used; 1 takes colour away
	Textures        int      `json:"textures"`
	Shapes          int      `json:"shapes"`
	CodeBits        int      `json:"code_bits"`      // length of the code stamp; 0 for none
	Prefix          string   `json:"caption_prefix"` // before every caption; the benchmark's harness puts its own before statements
	RowsPerShard    int      `json:"rows_per_shard"`

	Progress func(done, total int64) `json:"-"` // pairs drawn; may be nil
}

// DefaultConfig is the setting of the project's first trials: 48 pixels, ten of each feature, no code.
func DefaultConfig() Config {
	return Config{
		Mode: ModeTriple, Size: 48, Pairs: 10_000, HeldOut: 1_000, PairsPerPattern: 15, HeldOutTenths: 2,
		Colors: numClasses, Textures: numClasses, Shapes: numClasses, Prefix: "a photo of ", RowsPerShard: 10_000,
	}
}

// Limits of a Config.
const (
	minSize, maxSize = 32, 512
	maxPairs         = 100_000_000
)

// Validate returns an error that names the field and what it may be.
func (c Config) Validate() error {
	if c.Mode != ModeTriple && c.Mode != ModeScene {
		return fmt.Errorf("mode %q: want %q or %q", c.Mode, ModeTriple, ModeScene)
	}
	for _, f := range []struct {
		name            string
		value, low, top int
	}{
		{"size", c.Size, minSize, maxSize},
		{"pairs", c.Pairs, 1, maxPairs},
		{"held-out pairs", c.HeldOut, 0, maxPairs},
		{"pairs per pattern", c.PairsPerPattern, 0, 100_000},
		{"colors", c.Colors, 1, numClasses},
		{"textures", c.Textures, 1, numClasses},
		{"shapes", c.Shapes, 1, numClasses},
		{"code bits", c.CodeBits, 0, MaxCodeBits},
		{"held-out tenths", c.HeldOutTenths, 0, 5},
		{"rows per shard", c.RowsPerShard, 1, maxPairs},
	} {
		if f.value < f.low || f.value > f.top {
			return fmt.Errorf("%s %d: want %d to %d", f.name, f.value, f.low, f.top)
		}
	}
	if c.HeldOutTenths == 1 {
		return fmt.Errorf("held-out tenths 1: want 0 or 2 to 5: no two combinations of one tenth differ in the texture or the shape alone")
	}
	if err := c.validatePatterns(); err != nil {
		return err
	}
	return c.validateSplit()
}

func (c Config) validatePatterns() error {
	known := c.modePatterns()
	for i, p := range c.Patterns {
		if !slices.Contains(known, p) {
			return fmt.Errorf("pattern %q: mode %q has %q", p, c.Mode, known)
		}
		if slices.Contains(c.Patterns[:i], p) {
			return fmt.Errorf("pattern %q: given twice", p)
		}
	}
	if c.PairsPerPattern > 0 && len(c.attributes()) == 0 {
		return fmt.Errorf("patterns %q: nothing can differ in them with %d colors, %d textures and %d shapes",
			c.Patterns, c.Colors, c.Textures, c.Shapes)
	}
	return nil
}

// modePatterns are all patterns of the mode.
func (c Config) modePatterns() []string {
	if c.Mode == ModeTriple {
		return TriplePatterns
	}
	return Patterns
}

// patterns are those asked for, in the order of the mode.
func (c Config) patterns() []string {
	if len(c.Patterns) == 0 {
		return c.modePatterns()
	}
	return slices.DeleteFunc(slices.Clone(c.modePatterns()), func(p string) bool { return !slices.Contains(c.Patterns, p) })
}

// validateSplit makes sure that both sides of the split have what the patterns need.
func (c Config) validateSplit() error {
	s := newSplit(c)
	cure := "set held-out tenths to 0 or another number, or use more classes"
	for _, need := range c.needs() {
		train, heldOut := s.count(need.figures)
		if min(train, heldOut) < need.combinations {
			return fmt.Errorf("held-out tenths %d: %d combinations of color, texture and %s for training, %d held out, want at least %d of each: %s",
				c.HeldOutTenths, train, need.what, heldOut, need.combinations, cure)
		}
	}
	if c.PairsPerPattern == 0 {
		return nil
	}
	for _, a := range c.attributes() {
		if !s.canDiffer(a.name) {
			return fmt.Errorf("held-out tenths %d: no two held-out combinations of %d colors, %d textures and %d shapes differ in the %s alone: %s",
				c.HeldOutTenths, c.Colors, c.Textures, c.Shapes, a.name, cure)
		}
	}
	return nil
}

// need is a number of combinations that both sides of the split must have.
type need struct {
	what         string
	figures      []Figure
	combinations int
}

func (c Config) needs() []need {
	shapes := make([]Figure, c.Shapes)
	for i := range shapes {
		shapes[i] = Figure(i)
	}
	needs := []need{{"shape", shapes, 1}}
	if c.Mode == ModeTriple {
		return needs
	}
	for _, pattern := range c.patterns() {
		switch pattern {
		case Orientation:
			needs = append(needs, need{"arrow", []Figure{Arrow}, 1}, need{"fish", []Figure{Fish}, 1})
		case State:
			needs = append(needs, need{"glass", []Figure{Glass}, 1})
		case Position:
			needs = append(needs, need{"shape", shapes, 2})
		case Texts:
			needs = append(needs, need{"sign", []Figure{Sign}, 1})
		case Viewpoint:
			needs = append(needs, need{"cup", []Figure{Cup}, 1})
		}
	}
	return needs
}

// caption returns the text of a training pair.
func (c Config) caption(s Scene) string { return strings.TrimSpace(c.Prefix + Statement(s)) }
