package ftfy

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalize returns text in NFC as Unicode 14.0 defines it, without limits.
//
// Two things keep golang.org/x/text from doing it alone: it follows the Unicode version of the Go release, and it puts a
// grapheme joiner into more than 30 combining marks in a row (the stream-safe format of UAX 15).
func normalize(text string) string {
	if isASCII(text) || norm.NFC.IsNormalString(text) {
		return text
	}
	if needsOwn(text) {
		return compose(decompose(text))
	}
	return norm.NFC.String(text)
}

// maxMarks is the length of a run of combining marks that x/text may cut; a character may stand for several.
const maxMarks = 12

func needsOwn(text string) bool {
	marks := 0
	for i, r := range text {
		if r < 0x300 {
			marks = 0
			continue
		}
		p := norm.NFD.PropertiesString(text[i:])
		if p.CCC() == 0 && p.LeadCCC() == 0 {
			marks = 0
		}
		if marks++; marks > maxMarks {
			return true
		}
		if (p.CCC() != 0 || p.Decomposition() != nil || !p.BoundaryBefore()) && isNew(r) {
			return true
		}
	}
	return false
}

// isNew reports whether Unicode 14.0 does not have r, so that it is an ordinary character there.
func isNew(r rune) bool {
	return propertyOf(r)&unassigned != 0
}

type mark struct {
	r     rune
	class uint8 // canonical combining class
}

func classOf(r rune) uint8 {
	if isNew(r) {
		return 0
	}
	return norm.NFD.PropertiesString(string(r)).CCC()
}

// decompose is the canonical decomposition with marks in canonical order.
func decompose(text string) []mark {
	var out []mark
	for _, r := range text {
		parts := string(r)
		if !isNew(r) {
			parts = norm.NFD.String(parts)
		}
		for _, part := range parts {
			out = append(out, mark{part, classOf(part)})
		}
	}
	for i := 0; i < len(out); {
		end := i
		for end < len(out) && out[end].class != 0 {
			end++
		}
		slices.SortStableFunc(out[i:end], func(a, b mark) int { return int(a.class) - int(b.class) })
		i = end + 1
	}
	return out
}

// compose is the canonical composition (UAX 15, D117): a mark joins the last starter unless one of its class or higher
// stands between.
func compose(marks []mark) string {
	out := make([]mark, 0, len(marks))
	starter, last := -1, -1 // last is the class before the mark, -1 directly after the starter
	for _, m := range marks {
		if starter >= 0 && last < int(m.class) {
			if r, ok := composePair(out[starter].r, m.r); ok {
				out[starter].r = r
				continue
			}
		}
		if m.class == 0 {
			starter, last = len(out), -1
		} else {
			last = int(m.class)
		}
		out = append(out, m)
	}
	b := make([]byte, 0, 4*len(out))
	for _, m := range out {
		b = utf8.AppendRune(b, m.r)
	}
	return string(b)
}

func composePair(a, b rune) (rune, bool) {
	if isNew(a) || isNew(b) {
		return 0, false
	}
	joined := norm.NFC.String(string(a) + string(b))
	r, n := utf8.DecodeRuneInString(joined)
	return r, n == len(joined) && !isNew(r)
}
