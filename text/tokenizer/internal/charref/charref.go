// Package charref replaces HTML character references as Python's html.unescape does.
//
// The names are those of the standard library's html package (both follow the HTML 5 list). Numbers are not: Python
// drops invalid code points and knows numbers of any length, Go keeps the former and overflows on the latter.
package charref

import (
	"html"
	"strings"
	"unicode/utf8"
)

// Unescape replaces every named and numeric reference in text, with or without a semicolon as HTML 5 allows.
func Unescape(text string) string {
	start := strings.IndexByte(text, '&')
	if start < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for start >= 0 {
		out = append(out, text[:start]...)
		text = text[start:]
		var n int
		if out, n = appendNumber(out, text); n == 0 {
			n = 1 + nameLen(text[1:])
			out = append(out, named(text[:n])...)
		}
		text = text[n:]
		start = strings.IndexByte(text, '&')
	}
	return string(append(out, text...))
}

// Named returns what a reference like &eacute; stands for, and false where the name is not exactly one of the list.
func Named(ref string) (string, bool) {
	value := named(ref)
	// A prefix of ref that is a name of its own leaves the semicolon behind.
	if ref == "&semi;" || !strings.HasSuffix(value, ";") {
		return value, true
	}
	return "", false
}

// named returns text, which starts with a reference by name, with that replaced if the name is known.
func named(text string) string {
	switch text { // the two values that are longer than their names, which the standard library leaves out
	case "&nLt;":
		return "\u226a\u20d2"
	case "&nGt;":
		return "\u226b\u20d2"
	}
	return html.UnescapeString(text)
}

// nameLen is the length of a name with its semicolon; names are ASCII letters and digits.
func nameLen(text string) int {
	i := 0
	for i < len(text) && (digit(text[i], 36) >= 0) {
		i++
	}
	if i < len(text) && text[i] == ';' {
		i++
	}
	return i
}

// appendNumber appends what &#38; or &#x26; at the start of text stands for and returns the length of the reference,
// 0 if there is none.
func appendNumber(out []byte, text string) ([]byte, int) {
	if len(text) < 3 || text[1] != '#' {
		return out, 0
	}
	i, base := 2, 10
	if text[i] == 'x' || text[i] == 'X' {
		i, base = 3, 16
	}
	first, number := i, 0
	for ; i < len(text) && digit(text[i], base) >= 0; i++ {
		number = min(number*base+digit(text[i], base), utf8.MaxRune+1)
	}
	if i == first {
		return out, 0
	}
	if i < len(text) && text[i] == ';' {
		i++
	}
	if r := codePoint(number); r >= 0 {
		out = utf8.AppendRune(out, r)
	}
	return out, i
}

func digit(c byte, base int) int {
	d := 99
	switch {
	case '0' <= c && c <= '9':
		d = int(c - '0')
	case 'a' <= c && c <= 'z':
		d = int(c-'a') + 10
	case 'A' <= c && c <= 'Z':
		d = int(c-'A') + 10
	}
	if d >= base {
		return -1
	}
	return d
}

// windows1252 is what the standard makes of the numbers 0x80 to 0x9f.
const windows1252 = "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
	"\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178"

var replacement = []rune(windows1252)

// codePoint applies the standard's table of numbers that mean something else; -1 stands for nothing.
func codePoint(number int) rune {
	switch {
	case number == 0 || 0xd800 <= number && number <= 0xdfff || number > utf8.MaxRune:
		return utf8.RuneError
	case 0x80 <= number && number <= 0x9f:
		return replacement[number-0x80]
	case number <= 0x08, number == 0x0b, 0x0e <= number && number <= 0x1f, number == 0x7f:
		return -1
	case 0xfdd0 <= number && number <= 0xfdef, number&0xfffe == 0xfffe:
		return -1
	}
	return rune(number)
}
