package ftfy

import (
	"strings"
	"unicode"

	"github.com/mclclip/mclclip/text/tokenizer/internal/charref"
)

// maxName is the longest name between & and ; that is looked at, in bytes.
const maxName = 24

// unescape replaces character references that end in a semicolon (unescape_html). Names in capitals are known too,
// where the standard has only the small one.
func unescape(text string) string {
	start := strings.IndexByte(text, '&')
	if start < 0 {
		return text
	}
	var out strings.Builder
	for start >= 0 {
		out.WriteString(text[:start])
		text = text[start:]
		n := referenceLen(text)
		if n == 0 {
			n = 1
			out.WriteByte('&')
		} else {
			out.WriteString(reference(text[:n]))
		}
		text = text[n:]
		start = strings.IndexByte(text, '&')
	}
	out.WriteString(text)
	return out.String()
}

// referenceLen matches &#?[0-9A-Za-z]{1,24}; at the start of text and returns its length, 0 for no match.
func referenceLen(text string) int {
	i := 1
	if i < len(text) && text[i] == '#' {
		i++
	}
	name := i
	for i < len(text) && (isLetterASCII(rune(text[i])) || '0' <= text[i] && text[i] <= '9') {
		i++
	}
	if i == name || i-name > maxName || i == len(text) || text[i] != ';' {
		return 0
	}
	return i + 1
}

// reference returns what one reference stands for, or itself.
func reference(ref string) string {
	if ref[1] == '#' {
		// A semicolon that is left means that only a part was understood.
		if value := charref.Unescape(ref); !strings.Contains(value, ";") {
			return value
		}
		return ref
	}
	if value, ok := charref.Named(ref); ok {
		return value
	}
	if value, ok := longCapitals[ref]; ok {
		return value
	}
	small := strings.ToLower(ref)
	if ref != strings.ToUpper(ref) || ref == small || charref.Unescape(ref) != ref {
		return ref
	}
	if value, ok := charref.Named(small); ok {
		return strings.Map(unicode.ToUpper, value)
	}
	return ref
}
