package tokenizer

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// caseSpan is a range of capitals, every stride-th code point of it, and the distance to their lower case.
type caseSpan struct {
	lo, hi, stride, delta rune
}

// What stands around a capital sigma, as a class in sigmaSpans.
const (
	cased     class = 1 + iota
	ignorable       // looked through: marks, apostrophes, full stops
)

// lower is Python's str.lower.
func lower(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	for i, r := range text {
		switch {
		case r < utf8.RuneSelf:
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			out.WriteByte(byte(r))
		case r == 'Σ':
			out.WriteRune(lowerSigma(text[:i], text[i+len("Σ"):]))
		case r == '\u0130': // I with dot above
			out.WriteString("i\u0307")
		default:
			out.WriteRune(r + lowerDelta(r))
		}
	}
	return out.String()
}

func lowerDelta(r rune) rune {
	i := sort.Search(len(lowerSpans), func(i int) bool { return lowerSpans[i].hi >= r })
	if i == len(lowerSpans) || r < lowerSpans[i].lo || (r-lowerSpans[i].lo)%lowerSpans[i].stride != 0 {
		return 0
	}
	return lowerSpans[i].delta
}

// lowerSigma is the final form after a cased letter unless another one follows, as CPython decides it.
func lowerSigma(before, after string) rune {
	follows := false
	for before != "" && !follows {
		r, n := utf8.DecodeLastRuneInString(before)
		before = before[:len(before)-n]
		kind := find(sigmaSpans, r)
		if kind == 0 {
			break
		}
		follows = kind == cased
	}
	if !follows {
		return 'σ'
	}
	for _, r := range after {
		if kind := find(sigmaSpans, r); kind != ignorable {
			if kind == cased {
				return 'σ'
			}
			break
		}
	}
	return 'ς'
}
