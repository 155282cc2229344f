package scenes

import "math/rand/v2"

// split decides which combinations are held out of training. For every colour the textures and figures form a Latin
// square: each texture and each shape is held out equally often (with all ten in use), so that no class is rare in
// training, and which pairs of classes meet differs from colour to colour.
type split struct {
	config   Config
	textures [numClasses][]int // by colour, a permutation
	figures  [numClasses][]int
}

func newSplit(c Config) *split {
	s := &split{config: c}
	for color := range numClasses {
		rng := rand.New(rand.NewPCG(mix(c.Seed), mix(uint64(color)+1<<32)))
		s.textures[color] = rng.Perm(numClasses)
		s.figures[color] = rng.Perm(numClasses)
		for range numFigures - numClasses { // beyond the shapes each figure stands for itself
			s.figures[color] = append(s.figures[color], rng.IntN(numClasses))
		}
	}
	return s
}

// heldOut says whether a combination is kept out of training. With no tenths held out every combination is in both.
func (s *split) heldOut(color, texture int, figure Figure) bool {
	return (s.textures[color][texture]+s.figures[color][figure])%numClasses < s.config.HeldOutTenths
}

// fits says whether a combination belongs to the side asked for.
func (s *split) fits(heldOut bool, color, texture int, figure Figure) bool {
	return s.config.HeldOutTenths == 0 || s.heldOut(color, texture, figure) == heldOut
}

// count returns how many combinations with one of the figures can be trained on, and how many are held out.
func (s *split) count(figures []Figure) (train, heldOut int) {
	for color := range s.config.Colors {
		for texture := range s.config.Textures {
			for _, figure := range figures {
				if s.fits(false, color, texture, figure) {
					train++
				}
				if s.fits(true, color, texture, figure) {
					heldOut++
				}
			}
		}
	}
	return train, heldOut
}

// canDiffer says whether two held-out combinations differ in the named feature alone; in what is no feature they always can.
func (s *split) canDiffer(feature string) bool {
	others := map[string]func(color, texture int, shape Figure) []int{
		attrColor: s.otherColors, attrTexture: s.otherTextures, attrShape: s.otherShapes}[feature]
	if others == nil {
		return true
	}
	for color := range s.config.Colors {
		for texture := range s.config.Textures {
			for shape := range s.config.Shapes {
				if s.fits(true, color, texture, Figure(shape)) && len(others(color, texture, Figure(shape))) > 0 {
					return true
				}
			}
		}
	}
	return false
}

// otherColors are the colours that a held-out combination can have instead of its own and still be held out.
func (s *split) otherColors(color, texture int, figure Figure) (others []int) {
	for k := range s.config.Colors {
		if k != color && s.fits(true, k, texture, figure) {
			others = append(others, k)
		}
	}
	return others
}

// otherTextures is otherColors for the texture.
func (s *split) otherTextures(color, texture int, figure Figure) (others []int) {
	for k := range s.config.Textures {
		if k != texture && s.fits(true, color, k, figure) {
			others = append(others, k)
		}
	}
	return others
}

// otherShapes is otherColors for the shape.
func (s *split) otherShapes(color, texture int, shape Figure) (others []int) {
	for k := range s.config.Shapes {
		if Figure(k) != shape && s.fits(true, color, texture, Figure(k)) {
			others = append(others, k)
		}
	}
	return others
}

// mix is the finaliser of SplitMix64: near numbers give unrelated ones.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
