package preprocess

import (
	"testing"

	"github.com/mclclip/mclclip/internal/damage"
)

// A damaged image is refused with a reason, or decoded; then Check and Eval agree.
func TestDamageAtAThousandPlaces(t *testing.T) {
	g := readGolden(t)
	for _, name := range []string{"jpeg-one-pixel", "png-rgb", "gif-animated", "webp-lossy", "webp-lossless", "bmp", "tiff-lzw"} {
		t.Run(name, func(t *testing.T) {
			c := DefaultConfig(goldenSide)
			c.MaxPixels = 1 << 18
			p := &Preprocessor{c, native(), true}
			dst := pixels()
			damage.Sweep(t, g.file(name), func(damaged []byte) error {
				check := p.Check(damaged)
				eval := p.Eval(dst, damaged)
				if (check == nil) != (eval == nil) || eval != nil && Reason(eval) == "" {
					t.Errorf("Check says %v, Eval %v", check, eval)
				}
				return eval
			})
		})
	}
}
