package ftfy

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// charmap is an encoding of one byte a character. A sloppy one gives unassigned bytes the code point of the same
// number and reads byte 0x1a as the replacement character.
type charmap struct {
	name   string
	sloppy bool
	upper  string
}

// substitute is the byte that stands for a lost one in a sloppy encoding.
const substitute = 0x1a

// encoders holds the inverse of each charmap; it is built at the first text that looks like mojibake.
var encoders = sync.OnceValue(func() []map[rune]byte {
	all := make([]map[rune]byte, len(charmaps))
	for i, m := range charmaps {
		all[i] = make(map[rune]byte, 130)
		next := byte(0x80)
		for _, r := range m.upper {
			all[i][r] = next
			next++
		}
		if m.sloppy {
			all[i][utf8.RuneError] = substitute
		}
	}
	return all
})

// encode returns text in charmap i, and false where a character is not in it.
func encode(i int, text string) ([]byte, bool) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r < 0x80 {
			if r == substitute && charmaps[i].sloppy {
				return nil, false
			}
			out = append(out, byte(r))
			continue
		}
		b, ok := encoders()[i][r]
		if !ok {
			return nil, false
		}
		out = append(out, b)
	}
	return out, true
}

// fixEncoding undoes mojibake, several layers if need be.
func fixEncoding(text string) string {
	for {
		before := text
		text = fixEncodingOnce(text)
		if text == before {
			return text
		}
	}
}

// fixEncodingOnce undoes one layer (_fix_encoding_one_step_and_explain).
func fixEncodingOnce(text string) string {
	if isASCII(text) || !isBad(text) {
		return text
	}
	latin1 := false
	for i := range charmaps {
		encoded, ok := encode(i, text)
		if !ok {
			continue
		}
		latin1 = latin1 || i == 0
		if fixed, ok := decode(charmaps[i], encoded); ok {
			return fixed
		}
	}
	if fixed := fixDetected(text); fixed != text {
		return fixed
	}
	if latin1 && !strings.ContainsAny(text, windows1252Holes) {
		if fixed := fixC1(text); fixed != text {
			return fixed
		}
	}
	return fixC1(text)
}

// decode reads bytes that text in m would have as the UTF-8 they may have been, mending what was lost on the way.
func decode(m charmap, b []byte) (string, bool) {
	// In MacRoman an en dash and a space would match.
	if m.name != "macroman" && hasAltered(b) {
		b = restoreA0(b)
	}
	if m.sloppy {
		b = replaceLossy(b)
	}
	return decodeVariants(b)
}

// fixC1 reads C1 control characters as Windows-1252, as browsers do.
func fixC1(text string) string {
	return strings.Map(windows1252, text)
}

func windows1252(r rune) rune {
	if r < 0x80 || r > 0x9f {
		return r
	}
	return windows1252C1()[r-0x80]
}

var windows1252C1 = sync.OnceValue(func() []rune { return []rune(charmaps[1].upper)[:0x20] })
