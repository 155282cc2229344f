// Package imageset holds labelled pictures of one size in memory, as experiments on representations use them, and reads the
// data sets that are published in such a form.
package imageset

import "fmt"

// Set is labelled square pictures.
type Set struct {
	Size     int       // S, pixels of a side
	Pixels   []uint8   // [N, 3, S, S]
	Features []Feature // what is told of each picture; at least one
}

// Feature is one way to put the pictures into classes.
type Feature struct {
	Name    string   // "class", "shape"
	Classes []string // names
	Of      []int32  // class of each picture
}

// Bytes is the number of bytes of one picture.
func (s *Set) Bytes() int { return 3 * s.Size * s.Size }

// Len is the number of pictures, N.
func (s *Set) Len() int { return len(s.Pixels) / s.Bytes() }

// Picture returns the bytes [3, S, S] of one picture.
func (s *Set) Picture(i int) []uint8 { return s.Pixels[i*s.Bytes() : (i+1)*s.Bytes()] }

// Validate says what is wrong with a set that was put together.
func (s *Set) Validate() error {
	switch {
	case s.Size < 1 || len(s.Pixels) == 0:
		return fmt.Errorf("a set of pictures is empty")
	case len(s.Pixels)%s.Bytes() != 0:
		return fmt.Errorf("%d bytes are no whole pictures of %d pixels of a side", len(s.Pixels), s.Size)
	case len(s.Features) == 0:
		return fmt.Errorf("a set of %d pictures has no labels", s.Len())
	}
	for _, f := range s.Features {
		if len(f.Of) != s.Len() {
			return fmt.Errorf("feature %s: %d labels for %d pictures", f.Name, len(f.Of), s.Len())
		}
		for i, class := range f.Of {
			if class < 0 || int(class) >= len(f.Classes) {
				return fmt.Errorf("feature %s: picture %d: class %d of %d", f.Name, i, class, len(f.Classes))
			}
		}
	}
	return nil
}
