package ftfy

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// alteredLen matches UTF-8 whose byte 0xa0 was turned into a space (ALTERED_UTF8_RE) at the start of b.
func alteredLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[0] {
	case 0xc2, 0xc3, 0xc5, 0xce, 0xd0, 0xd9:
		if b[1] == ' ' {
			return 2
		}
	case 0xe0, 0xe1, 0xe2, 0xe3:
		if len(b) < 3 {
			return 0
		}
		if b[0] >= 0xe2 && b[1] == ' ' && plainContinuation(b[2]) || plainContinuation(b[1]) && b[2] == ' ' {
			return 3
		}
	case 0xf0:
		if len(b) >= 4 && oneSpace(b[1:4]) {
			return 4
		}
	}
	return 0
}

// plainContinuation leaves out 0xa0 itself and 0x85, which is more often an ellipsis.
func plainContinuation(c byte) bool {
	return isContinuation(c) && c != 0x85 && c != 0xa0
}

func isContinuation(c byte) bool {
	return 0x80 <= c && c <= 0xbf
}

// oneSpace reports whether b is continuation bytes and exactly one space.
func oneSpace(b []byte) bool {
	spaces := 0
	for _, c := range b {
		if c == ' ' {
			spaces++
		} else if !isContinuation(c) {
			return false
		}
	}
	return spaces == 1
}

func hasAltered(b []byte) bool {
	for i := range b {
		if alteredLen(b[i:]) > 0 {
			return true
		}
	}
	return false
}

// restoreA0 puts byte 0xa0 back where a space took its place in a UTF-8 sequence.
func restoreA0(b []byte) []byte {
	b = restoreGrave(b)
	for i := 0; i < len(b); {
		n := alteredLen(b[i:])
		for j := i; j < i+n; j++ {
			if b[j] == ' ' {
				b[j] = 0xa0
			}
		}
		i += max(n, 1)
	}
	return b
}

// restoreGrave makes "a with grave, space" of byte 0xc3 and a space where a word of its own is meant (A_GRAVE_WORD_RE).
func restoreGrave(b []byte) []byte {
	out := make([]byte, 0, len(b)+8)
	for i := 0; i < len(b); i++ {
		out = append(out, b[i])
		if b[i] == 0xc3 && i+1 < len(b) && b[i+1] == ' ' && !startsPortuguese(b[i+2:]) {
			out = append(out, 0xa0)
		}
	}
	return out
}

// startsPortuguese reports whether what follows is one word with the letter a with grave, or another space.
func startsPortuguese(b []byte) bool {
	for _, word := range []string{" ", "quele", "quela", "quilo", "s "} {
		if bytes.HasPrefix(b, []byte(word)) {
			return true
		}
	}
	return false
}

// replaceLossy writes the replacement character for UTF-8 sequences of which bytes were lost (LOSSY_UTF8_RE).
func replaceLossy(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if n := lossyLen(b[i:]); n > 0 {
			out = utf8.AppendRune(out, utf8.RuneError)
			i += n
			continue
		}
		out = append(out, b[i])
		i++
	}
	return out
}

func lossyLen(b []byte) int {
	c := b[0]
	switch {
	case c == substitute:
		return 1
	case 0xc2 <= c && c <= 0xdf:
		if len(b) > 1 && (b[1] == substitute || b[1] == '?' && c <= 0xc3) {
			return 2
		}
	case 0xe0 <= c && c <= 0xef:
		if c == 0xed && lossySurrogates(b) {
			return 6
		}
		if len(b) > 2 && lossyTail(b[1:3]) {
			return 3
		}
	case 0xf0 <= c && c <= 0xf4:
		if len(b) > 3 && lossyTail(b[1:4]) {
			return 4
		}
	}
	return 0
}

// lossyTail reports whether b is continuation bytes of which at least one was lost; one may have become '?'.
func lossyTail(b []byte) bool {
	lost, questions := 0, 0
	for _, c := range b {
		switch {
		case c == substitute:
			lost++
		case c == '?':
			questions++
		case !isContinuation(c):
			return false
		}
	}
	return questions <= 1 && lost+questions > 0
}

// lossySurrogates matches a surrogate pair in CESU-8 of which the third or the sixth byte was lost.
func lossySurrogates(b []byte) bool {
	if len(b) < 6 || b[1] < 0xa0 || b[1] > 0xaf || b[3] != 0xed || b[4] < 0xb0 || b[4] > 0xbf {
		return false
	}
	gone := func(c byte) bool { return c == substitute || c == '?' }
	return gone(b[2]) && (gone(b[5]) || isContinuation(b[5])) || gone(b[5]) && isContinuation(b[2])
}

// decodeVariants reads UTF-8, CESU-8 and Java's two-byte NUL, and returns false for anything else.
func decodeVariants(b []byte) (string, bool) {
	var out strings.Builder
	for {
		i := variantIndex(b)
		if !utf8.Valid(b[:i]) {
			return "", false
		}
		out.Write(b[:i])
		if b = b[i:]; len(b) == 0 {
			return out.String(), true
		}
		if b[0] == 0xc0 {
			out.WriteByte(0)
			b = b[2:]
			continue
		}
		high, low := rune(b[1]&0x0f)<<6|rune(b[2]&0x3f), rune(b[4]&0x0f)<<6|rune(b[5]&0x3f)
		out.WriteRune(high<<10 + low + 0x10000)
		b = b[6:]
	}
}

// variantIndex finds the next CESU-8 pair or two-byte NUL, len(b) if there is none. The original's patterns end in $,
// which also matches before a last line feed, so that one may take the place of a last byte.
func variantIndex(b []byte) int {
	for i, c := range b {
		rest := b[i:]
		if c == 0xc0 && len(rest) > 1 && lastByte(rest[1:], 0x80, 0x80) || c == 0xed && startsSurrogates(rest) {
			return i
		}
	}
	return len(b)
}

func startsSurrogates(b []byte) bool {
	return len(b) >= 6 && 0xa0 <= b[1] && b[1] <= 0xaf && isContinuation(b[2]) &&
		b[3] == 0xed && 0xb0 <= b[4] && b[4] <= 0xbf && lastByte(b[5:], 0x80, 0xbf)
}

func lastByte(b []byte, lo, hi byte) bool {
	return lo <= b[0] && b[0] <= hi || len(b) == 1 && b[0] == '\n'
}
