package ftfy

import "sort"

// category says where a code point occurs in mojibake; a code point can have several.
type category uint32

const (
	common category = 1 << iota
	c1
	bad
	law
	currency
	opening
	closing
	numeric
	kaomoji
	upperAccented
	lowerAccented
	upperCommon
	lowerCommon
	box
	firstOf2           // stands for the first byte of a UTF-8 sequence of two
	firstOf3           // of three
	firstOf4           // of four
	continuation       // stands for a later byte of a UTF-8 sequence, or is a space
	continuationStrict // the same without what is common in ordinary text
)

type categorySpan struct {
	lo, hi rune
	value  category
}

func categoryOf(r rune) category {
	i := sort.Search(len(categorySpans), func(i int) bool { return categorySpans[i].hi >= r })
	if i < len(categorySpans) && categorySpans[i].lo <= r {
		return categorySpans[i].value
	}
	return 0
}

// property is what Python's re and unicodedata know about a code point.
type property uint8

const (
	word       property = 1 << iota // \w without the underscore
	decimal                         // \d
	unassigned                      // not in Unicode 14.0
)

type propertySpan struct {
	lo, hi rune
	value  property
}

func propertyOf(r rune) property {
	i := sort.Search(len(propertySpans), func(i int) bool { return propertySpans[i].hi >= r })
	if i < len(propertySpans) && propertySpans[i].lo <= r {
		return propertySpans[i].value
	}
	return 0
}

func isLetterASCII(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

func isDigit(r rune) bool {
	return '0' <= r && r <= '9' || r >= 0x80 && propertyOf(r)&decimal != 0
}

func isWord(r rune) bool {
	if r < 0x80 {
		return isLetterASCII(r) || '0' <= r && r <= '9' || r == '_'
	}
	return propertyOf(r)&word != 0
}

// isSpace is Python's str.isspace, which is also \s of its re module.
func isSpace(r rune) bool {
	switch {
	case r <= ' ':
		return 0x09 <= r && r <= 0x0d || 0x1c <= r && r <= ' '
	case r < 0x1680:
		return r == 0x85 || r == 0xa0
	}
	return 0x2000 <= r && r <= 0x200a || r == 0x1680 || r == 0x2028 || r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
