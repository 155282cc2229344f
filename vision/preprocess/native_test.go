package preprocess

import "testing"

// FuzzNative leads arbitrary data through all that is written in C, decoders and resampler, in every way that a Config
// knows. make fuzz-asan runs it under AddressSanitizer, which sees an access beyond any memory, Go's too.
func FuzzNative(f *testing.F) {
	needImagelibs(f)
	g := readGolden(f)
	for i, name := range g.cases {
		f.Add(g.file(name), uint8(7*i), uint8(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, side, ways uint8, seed uint64) {
		exact := make([]byte, len(data)) // nothing readable follows it
		copy(exact, data)
		c := DefaultConfig(1 + int(side))
		c.MaxPixels = 1 << 18
		c.ResizeMode = []string{"shortest", "longest", "squash", "shortest"}[ways&3]
		c.Interpolation = []string{"bicubic", "bilinear"}[ways>>2&1]
		c.EXIF, c.HorizontalFirst = ways&8 != 0, ways&16 != 0
		p := &Preprocessor{c, native(), ways&32 == 0}
		dst := make([]byte, 3*c.Size*c.Size)
		// What the data is worth does not matter here.
		if ways&64 != 0 {
			_ = p.Train(dst, exact, seed)
			return
		}
		_ = p.Eval(dst, exact)
		_ = p.Check(exact)
	})
}
