package scenes

import (
	"strings"
	"testing"
)

func TestSplitHoldsEachClassOutEquallyOften(t *testing.T) {
	for _, tenths := range []int{2, 3, 5} {
		c := DefaultConfig()
		c.HeldOutTenths = tenths
		s := newSplit(c)
		var textures, shapes [numClasses]int
		for color := range numClasses {
			for texture := range numClasses {
				for shape := range numClasses {
					if s.heldOut(color, texture, Figure(shape)) {
						textures[texture]++
						shapes[shape]++
					}
				}
			}
		}
		for k := range numClasses {
			if textures[k] != 10*tenths || shapes[k] != 10*tenths {
				t.Errorf("%d tenths: texture %d is held out %d times, shape %d %d times, want %d",
					tenths, k, textures[k], k, shapes[k], 10*tenths)
			}
		}
	}
}

func TestSplitDependsOnTheSeed(t *testing.T) {
	a, b := newSplit(Config{HeldOutTenths: 2}), newSplit(Config{HeldOutTenths: 2, Seed: 1})
	same := 0
	for color := range numClasses {
		for texture := range numClasses {
			if a.heldOut(color, texture, Star) == b.heldOut(color, texture, Star) {
				same++
			}
		}
	}
	if same == 100 {
		t.Error("two seeds hold out the same combinations")
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // in the error; "" for none
	}{
		"default":            {func(*Config) {}, ""},
		"scene":              {func(c *Config) { c.Mode = ModeScene }, ""},
		"one color and code": {func(c *Config) { c.Colors, c.CodeBits = 1, 8 }, ""},
		"no split":           {func(c *Config) { c.HeldOutTenths, c.Colors, c.Textures = 0, 1, 1 }, ""},
		"some patterns":      {func(c *Config) { c.Mode, c.Patterns = ModeScene, []string{Texts, Color} }, ""},
		"mode":               {func(c *Config) { c.Mode = "tripel" }, `mode "tripel"`},
		"size":               {func(c *Config) { c.Size = 8 }, "size 8"},
		"no pairs":           {func(c *Config) { c.Pairs = 0 }, "pairs 0"},
		"negative held out":  {func(c *Config) { c.HeldOut = -1 }, "held-out pairs -1"},
		"colors":             {func(c *Config) { c.Colors = 11 }, "colors 11"},
		"shapes":             {func(c *Config) { c.Shapes = 0 }, "shapes 0"},
		"code":               {func(c *Config) { c.CodeBits = 17 }, "code bits 17"},
		"one tenth":          {func(c *Config) { c.HeldOutTenths = 1 }, "held-out tenths 1"},
		"rows":               {func(c *Config) { c.RowsPerShard = 0 }, "rows per shard 0"},
		"foreign pattern":    {func(c *Config) { c.Patterns = []string{Texts} }, `pattern "Texts"`},
		"pattern twice":      {func(c *Config) { c.Patterns = []string{TripleShape, TripleShape} }, "given twice"},
		"nothing can differ": {func(c *Config) { c.Colors, c.Patterns = 1, []string{TripleColor} }, "nothing can differ"},
		"one combination":    {func(c *Config) { c.Colors, c.Textures, c.Shapes, c.PairsPerPattern = 1, 1, 1, 0 }, "at least 1 of each"},
		"no couple":          {func(c *Config) { c.Mode, c.HeldOutTenths, c.Colors, c.Textures, c.Shapes = ModeScene, 0, 1, 1, 1 }, "at least 2 of each"},
		"no pair of shapes":  {func(c *Config) { c.Colors, c.Textures, c.Shapes = 1, 10, 2; c.Seed = 0 }, "*"},
	} {
		t.Run(name, func(t *testing.T) {
			config := DefaultConfig()
			c.change(&config)
			err := config.Validate()
			switch {
			case c.want == "*": // depends on the permutations, but must agree with what can be drawn
				_, drawn := pairs(config, newSplit(config))
				if (err == nil) != (drawn == nil) {
					t.Errorf("Validate says %v, drawing %v", err, drawn)
				}
			case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got error %v, want %q", err, c.want)
			}
		})
	}
}
