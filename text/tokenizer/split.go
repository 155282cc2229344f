package tokenizer

import (
	"sort"
	"unicode/utf8"
)

// class is the part of open_clip's pattern that takes a code point.
type class uint8

const (
	other   class = iota // neither of the below: punctuation, symbols, marks
	letter               // runs of letters are one word
	number               // each digit is a word
	skipped              // white space, and what no part of the pattern takes
)

// span is a range of code points of one class.
type span struct {
	lo, hi rune
	value  class
}

func find(spans []span, r rune) class {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].hi >= r })
	if i < len(spans) && spans[i].lo <= r {
		return spans[i].value
	}
	return 0
}

// asciiClass is the class of each ASCII character; bytes of other characters are not in it.
var asciiClass = func() (t [utf8.RuneSelf]class) {
	for c := range t {
		switch {
		case c == ' ' || '\t' <= c && c <= '\r':
			t[c] = skipped
		case '0' <= c && c <= '9':
			t[c] = number
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			t[c] = letter
		}
	}
	return t
}()

// classAt returns the class and the length of the character at i.
func classAt(text []byte, i int) (class, int) {
	if c := text[i]; c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	r, n := utf8.DecodeRune(text[i:])
	return find(splitSpans, r), n
}

// nextWord returns the bounds of the first word at or after i: a contraction, letters, one digit, or a run of what is
// left; start is len(text) if there is none. The text is clean and in lower case.
func nextWord(text []byte, i int) (start, end int) {
	for i < len(text) {
		first, n := classAt(text, i)
		switch first {
		case skipped:
			i += n
			continue
		case number:
			return i, i + n
		}
		if text[i] == '\'' {
			if n := contraction(text[i+1:]); n > 0 {
				return i, i + 1 + n
			}
		}
		end = i + n
		for end < len(text) {
			next, n := classAt(text, end)
			if next != first {
				break
			}
			end += n
		}
		return i, end
	}
	return len(text), len(text)
}

// longS is a lower case letter that matches s where case does not matter.
const longS = "\u017f"

// contraction is the length of the ending of 's, 't, 're, 've, 'm, 'll or 'd; rest follows the apostrophe.
func contraction(rest []byte) int {
	if len(rest) == 0 {
		return 0
	}
	switch rest[0] {
	case 's', 't', 'm', 'd':
		return 1
	}
	if len(rest) < 2 {
		return 0
	}
	switch string(rest[:2]) {
	case "re", "ve", "ll", longS:
		return 2
	}
	return 0
}

// special matches "<start_of_text>" or "<end_of_text>" at the start of rest. The id is 0 for the spelling with a long s,
// which is one word of ordinary text.
func special(rest []byte) (n int, id int32) {
	const longStart = "<" + longS + "tart_of_text>"
	switch {
	case hasPrefix(rest, startOfText):
		return len(startOfText), SOT
	case hasPrefix(rest, endOfText):
		return len(endOfText), EOT
	case hasPrefix(rest, longStart):
		return len(longStart), 0
	}
	return 0, 0
}

func hasPrefix(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix
}
