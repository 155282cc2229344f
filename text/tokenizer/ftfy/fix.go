package ftfy

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxSegment is the number of code points after which a line is cut and the parts are mended by themselves.
const maxSegment = 1_000_000

// FixText returns text as ftfy.fix_text does. The text must be valid UTF-8.
func FixText(text string) string {
	var out strings.Builder
	entities := true
	for rest := text; rest != ""; {
		segment := firstSegment(rest)
		rest = rest[len(segment):]
		// Something that looks like a tag means real HTML, here and from here on, and its entities stay.
		entities = entities && !strings.Contains(segment, "<")
		fixed := fixSegment(segment, entities)
		if rest == "" && out.Len() == 0 {
			return fixed
		}
		out.WriteString(fixed)
	}
	return out.String()
}

// firstSegment returns the first line of text with its line feed, or its first maxSegment code points.
func firstSegment(text string) string {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = text[:i+1]
	}
	if len(text) <= maxSegment {
		return text
	}
	count := 0
	for i := range text {
		if count == maxSegment {
			return text[:i]
		}
		count++
	}
	return text
}

// fixSegment repeats all steps until nothing changes (fix_and_explain).
func fixSegment(text string, entities bool) string {
	for {
		before := text
		if entities {
			text = unescape(text)
		}
		text = fixEncoding(text)
		text = fixCharacters(text)
		text = removeTerminalEscapes(text)
		text = removeControls(text)
		text = normalize(text)
		if text == before {
			return text
		}
	}
}

// fixCharacters does the steps that look at one character: C1 controls, ligatures, widths, quotes, line breaks.
func fixCharacters(text string) string {
	if isASCII(text) && strings.IndexByte(text, '\r') < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i, r := range text {
		switch {
		case r == '\r':
			if !strings.HasPrefix(text[i+1:], "\n") {
				out = append(out, '\n')
			}
		case r < 0x80:
			out = append(out, byte(r))
		default:
			out = appendCharacter(out, r)
		}
	}
	return string(out)
}

func appendCharacter(out []byte, r rune) []byte {
	if r <= 0x9f {
		r = windows1252(r)
	}
	if parts, ok := ligatures[r]; ok {
		for _, part := range parts {
			out = utf8.AppendRune(out, straighten(part))
		}
		return out
	}
	if r == 0x3000 {
		return append(out, ' ')
	}
	if 0xff01 <= r && r < 0xfff0 { // full-width and half-width forms
		return norm.NFKC.AppendString(out, string(r))
	}
	return utf8.AppendRune(out, straighten(r))
}

// straighten turns curly quotes and odd line breaks into plain ones.
func straighten(r rune) rune {
	switch {
	case r == 0x2bc || 0x2018 <= r && r <= 0x201b:
		return '\''
	case 0x201c <= r && r <= 0x201f:
		return '"'
	case r == 0x2028 || r == 0x2029 || r == 0x85:
		return '\n'
	}
	return r
}

// removeTerminalEscapes drops sequences like ESC [ 3 1 ; 1 m.
func removeTerminalEscapes(text string) string {
	const start = "\x1b["
	if !strings.Contains(text, start) {
		return text
	}
	var out strings.Builder
	for {
		i := strings.Index(text, start)
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		rest := strings.TrimLeftFunc(text[i+len(start):], func(r rune) bool { return r == ';' || isDigit(r) })
		if rest != "" && isLetterASCII(rune(rest[0])) {
			out.WriteString(text[:i])
			text = rest[1:]
		} else {
			out.WriteString(text[:i+len(start)])
			text = text[i+len(start):]
		}
	}
}

// removeControls drops what has no visible effect; C1 controls stay, because they are traces of mojibake.
func removeControls(text string) string {
	return strings.Map(func(r rune) rune {
		if isDropped(r) {
			return -1
		}
		return r
	}, text)
}

func isDropped(r rune) bool {
	if r < 0x80 {
		return r <= 0x08 || r == 0x0b || 0x0e <= r && r <= 0x1f || r == 0x7f
	}
	return 0x206a <= r && r <= 0x206f || r == 0xfeff || 0xfff9 <= r && r <= 0xfffc
}
