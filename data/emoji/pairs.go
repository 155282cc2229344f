package emoji

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
)

//go:embed pairs.csv
var listedPairs string

// appearance is the pattern under which pairs of skin tone and of gender go.
const appearance = "Color and Appearance"

// candidate is a pair that a benchmark can have, in any source that draws both.
type candidate struct {
	pattern, attribute string
	codes              [2]string
	statements         [2]string
	byRule             bool // nobody looked at it
}

// readPairs reads the list of pairs made by hand.
func readPairs() ([]candidate, error) {
	rows, err := csv.NewReader(strings.NewReader(listedPairs)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("pairs.csv: %w", err)
	}
	var all []candidate
	for _, row := range rows[1:] {
		all = append(all, candidate{row[0], row[1], [2]string{codeOf(row[2]), codeOf(row[4])}, [2]string{row[3], row[5]}, false})
	}
	return all, nil
}

// heldOutBases are those that the listed pairs need.
func heldOutBases(listed []candidate) map[string]bool {
	bases := map[string]bool{}
	for _, p := range listed {
		for _, code := range p.codes {
			bases[baseOf(code)] = true
		}
	}
	return bases
}

// Skin tones of the pairs by rule: the two that differ most.
const (
	lightTone = "1f3fb"
	darkTone  = "1f3ff"
)

// tonePairs are the held-out emoji in light and in dark skin.
func (t *table) tonePairs(heldOut func(base string) bool) (pairs []candidate) {
	for _, light := range t.glyphs {
		if light.tone != lightTone || !heldOut(light.base) {
			continue
		}
		dark, ok := t.find(strings.Replace(light.code, lightTone, darkTone, 1))
		plain, known := t.find(light.plain)
		if ok && known {
			name := phrase(plain.name)
			pairs = append(pairs, candidate{appearance, "skin tone", [2]string{light.code, dark.code},
				[2]string{name + " with light skin", name + " with dark skin"}, true})
		}
	}
	return pairs
}

// genderPairs are the held-out emoji, without skin tone, that exist as a man and as a woman.
func (t *table) genderPairs(heldOut func(base string) bool) (pairs []candidate) {
	for _, man := range t.glyphs {
		rest, ok := strings.CutPrefix(man.name, "man ")
		if !ok || man.code != man.plain || man.tone != "" || strings.Contains(man.name, ":") || !heldOut(man.base) {
			continue
		}
		for _, code := range []string{strings.Replace(man.code, "1f468", "1f469", 1), strings.Replace(man.code, "2642", "2640", 1)} {
			if woman, ok := t.find(code); ok && woman.name == "woman "+rest {
				pairs = append(pairs, candidate{appearance, "gender", [2]string{man.code, woman.code},
					[2]string{phrase(man.name), phrase(woman.name)}, true})
			}
		}
	}
	return pairs
}

// patternsOf lists the patterns in the order in which they first come.
func patternsOf(all []candidate) (patterns []string) {
	seen := map[string]bool{}
	for _, c := range all {
		if !seen[c.pattern] {
			seen[c.pattern] = true
			patterns = append(patterns, c.pattern)
		}
	}
	return patterns
}

// takeTurns reorders the candidates of one pattern so that its attributes come in turn.
func takeTurns(all []candidate, pattern string) (ordered []candidate) {
	var attributes []string
	queues := map[string][]candidate{}
	for _, c := range all {
		if c.pattern != pattern {
			continue
		}
		if queues[c.attribute] == nil {
			attributes = append(attributes, c.attribute)
		}
		queues[c.attribute] = append(queues[c.attribute], c)
	}
	for more := true; more; {
		more = false
		for _, a := range attributes {
			if queue := queues[a]; len(queue) > 0 {
				ordered, queues[a], more = append(ordered, queue[0]), queue[1:], true
			}
		}
	}
	return ordered
}
