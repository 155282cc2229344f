package tokenizer

import (
	"strings"
	"unicode/utf8"

	"github.com/mclclip/mclclip/text/tokenizer/ftfy"
	"github.com/mclclip/mclclip/text/tokenizer/internal/charref"
)

// appendClean appends text in lower case, mended, with entities resolved (open_clip's clean 'lower').
// Most captions are plain and need only the lower case.
func appendClean(dst []byte, text string) []byte {
	if !isPlain(text) {
		return append(dst, lower(mend(text))...)
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// isPlain reports whether cleaning leaves everything but case and white space alone: printable ASCII and line breaks
// without a reference like "&amp".
func isPlain(text string) bool {
	for i := 0; i < len(text); i++ {
		switch plainness[text[i]] {
		case never:
			return false
		case ampersand:
			if i+1 < len(text) && plainness[text[i+1]] != always {
				return false
			}
		}
	}
	return true
}

const (
	never     = iota
	always    // does not start a reference after an ampersand
	reference // may start one
	ampersand
)

var plainness = func() (t [256]uint8) {
	for c := ' '; c <= '~'; c++ {
		t[c] = always
		if c == '#' || asciiClass[c] == letter || asciiClass[c] == number {
			t[c] = reference
		}
	}
	t['\t'], t['\n'], t['\f'], t['\r'], t['&'] = always, always, always, always, ampersand
	return t
}()

// mend does all steps but the lower case, for any text.
func mend(text string) string {
	text = ftfy.FixText(validUTF8(text))
	text = charref.Unescape(charref.Unescape(text))
	return strings.Join(strings.FieldsFunc(text, isSpace), " ")
}

// isSpace is Python's str.isspace.
func isSpace(r rune) bool {
	return r < utf8.RuneSelf && asciiClass[r] == skipped || 0x1c <= r && r <= 0x1f ||
		r >= 0x80 && r != 0x345 && find(splitSpans, r) == skipped
}

// validUTF8 replaces what is not UTF-8 as Python's bytes.decode("utf-8", "replace") does: one replacement character for
// each start of a sequence that is cut short, not for each byte.
func validUTF8(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	out := make([]byte, 0, len(text)+8)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			n = invalidLen(text[i:])
		}
		out = utf8.AppendRune(out, r)
		i += n
	}
	return string(out)
}

// invalidLen is the length of the longest start of text that could have become a valid sequence, at least 1
// (Unicode 14.0, section 3.9, table 3-7).
func invalidLen(text string) int {
	c := text[0]
	want, lo, hi := 0, byte(0x80), byte(0xbf)
	switch {
	case 0xe0 <= c && c <= 0xef:
		want = 2
	case 0xf0 <= c && c <= 0xf4:
		want = 3
	}
	switch c {
	case 0xe0:
		lo = 0xa0
	case 0xed:
		hi = 0x9f
	case 0xf0:
		lo = 0x90
	case 0xf4:
		hi = 0x8f
	}
	n := 1
	for n < want && n < len(text) && lo <= text[n] && text[n] <= hi {
		n, lo, hi = n+1, 0x80, 0xbf
	}
	return n
}
