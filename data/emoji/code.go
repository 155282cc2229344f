package emoji

import (
	"fmt"
	"strings"
)

const variationSelector = "fe0f"

// newCode brings the ways in which the packages write a sequence of code points to one.
func newCode(text string) string {
	parts := strings.Split(strings.ToLower(text), "-")
	kept := parts[:0]
	for _, p := range parts {
		if p != variationSelector {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "-")
}

// codeOf is the code of an emoji given as characters.
func codeOf(characters string) string {
	var parts []string
	for _, r := range characters {
		parts = append(parts, fmt.Sprintf("%04x", r))
	}
	return newCode(strings.Join(parts, "-"))
}

// dropped code points make variants of a base: the joiner, skin tones, the gender signs.
var dropped = map[string]bool{
	"200d": true, "1f3fb": true, "1f3fc": true, "1f3fd": true, "1f3fe": true, "1f3ff": true, "2640": true, "2642": true,
}

// neutral maps a person of one gender to the one without.
var neutral = map[string]string{
	"1f468": "1f9d1", "1f469": "1f9d1", // man, woman
	"1f466": "1f9d2", "1f467": "1f9d2", // boy, girl
	"1f474": "1f9d3", "1f475": "1f9d3", // old man, old woman
	"1f934": "1fac5", "1f478": "1fac5", // prince, princess
	"1f936": "1f385",                   // Mrs. Claus, Santa
	"1fac3": "1f930", "1fac4": "1f930", // pregnant
	"1f57a": "1f483", // dancing
}

// whole maps sequences that were given a single code point to the sequence of their parts.
var whole = map[string]string{
	"1f46b": "1f9d1-1f91d-1f9d1", "1f46c": "1f9d1-1f91d-1f9d1", "1f46d": "1f9d1-1f91d-1f9d1", // holding hands
	"1f9d1-1f384": "1f385",                  // Mx Claus
	"1f491":       "1f9d1-2764-1f9d1",       // couple with heart
	"1f48f":       "1f9d1-2764-1f48b-1f9d1", // kiss
	"1faf1-1faf2": "1f91d",                  // handshake of two skin tones
}

// baseOf takes skin tone, gender and direction away from a code.
func baseOf(code string) string {
	parts := strings.Split(code, "-")
	var kept []string
	for i, p := range parts {
		if dropped[p] && len(parts) > 1 && (i > 0 || p != "2640" && p != "2642") {
			continue
		}
		if p == "27a1" && i > 0 { // "facing right"
			continue
		}
		if n, ok := neutral[p]; ok {
			p = n
		}
		kept = append(kept, p)
	}
	base := strings.Join(kept, "-")
	if parts, ok := whole[base]; ok {
		return parts
	}
	return base
}
