package emoji

import (
	"slices"
	"strings"
)

// phrase is an emoji's name as running text: "waving hand: medium skin tone" becomes "waving hand, medium skin tone",
// "flag: France" "flag of France".
func phrase(name string) string {
	name = strings.ReplaceAll(name, "’", "'")
	if country, ok := strings.CutPrefix(name, "flag: "); ok {
		return "flag of " + country
	}
	if key, ok := strings.CutPrefix(name, "keycap: "); ok {
		return "keycap " + key
	}
	return strings.ReplaceAll(name, ": ", ", ")
}

// caption is the prefix, the name and the first tags that say something new.
func (c Config) caption(g glyph) string {
	text := phrase(g.name)
	parts := []string{text}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ' ' || r == ',' || r == '-' })
	for _, tag := range g.tags {
		if len(parts) > c.Tags {
			break
		}
		if !slices.Contains(words, strings.ToLower(tag)) {
			parts = append(parts, tag)
		}
	}
	return strings.TrimSpace(c.Prefix + strings.Join(parts, ", "))
}
