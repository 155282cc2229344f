package ftfy

import "strings"

// fixDetected mends sequences that look like UTF-8 within a text that as a whole has no one encoding
// (decode_inconsistent_utf8).
func fixDetected(text string) string {
	w := newWindow(text)
	var out strings.Builder
	done := 0
	for i := 0; i < len(w.runes); {
		n := w.sequenceLen(i)
		// A match as long as the text would be tried again for ever.
		if n > 0 && n < len(w.runes) {
			part := string(w.runes[i : i+n])
			if isBad(part) {
				out.WriteString(string(w.runes[done:i]))
				out.WriteString(fixEncoding(part))
				done = i + n
			}
		}
		i += max(n, 1)
	}
	if done == 0 {
		return text
	}
	out.WriteString(string(w.runes[done:]))
	return out.String()
}

// sequenceLen matches one or more sequences of characters that stand for UTF-8 at i (UTF8_DETECTOR_RE). What follows a
// continuation is no start: mending a few characters of a garble makes it worse.
func (w window) sequenceLen(i int) int {
	if w.is(i-1, continuationStrict, "") {
		return 0
	}
	start := i
	for {
		n := w.oneSequence(i)
		if n == 0 {
			return i - start
		}
		i += n
	}
}

func (w window) oneSequence(i int) int {
	switch {
	case w.is(i, firstOf2, "") && w.is(i+1, continuation, ""):
		return 2
	case w.is(i, firstOf3, "") && w.is(i+1, continuation, "") && w.is(i+2, continuation, ""):
		return 3
	case w.is(i, firstOf4, "") && w.is(i+1, continuation, "") && w.is(i+2, continuation, "") && w.is(i+3, continuation, ""):
		return 4
	}
	return 0
}
