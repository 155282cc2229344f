package clip

import (
	"fmt"
	"strings"
)

// unknownModel is the error of a name that no preset has. It begins with what may have been meant.
func unknownModel(name string) error {
	known := Presets()
	if meant := nearNames(name, known); len(meant) > 0 {
		return fmt.Errorf("no model is called %q; did you mean %s? Known are %s", name, strings.Join(meant, " or "), strings.Join(known, ", "))
	}
	return fmt.Errorf("no model is called %q; known are %s", name, strings.Join(known, ", "))
}

// nearNames are those of the known names, in their order, that the fewest changes of a letter lead to. Case, and what stands between
// letters and digits, such as the slash in ViT-B/32, are no changes; more changes than one in three letters are another name.
func nearNames(name string, known []string) (near []string) {
	wanted := lettersOf(name)
	least := len(wanted) / 3
	for _, candidate := range known {
		switch d := editDistance(wanted, lettersOf(candidate)); {
		case d < least:
			least, near = d, []string{candidate}
		case d == least:
			near = append(near, candidate)
		}
	}
	return near
}

func lettersOf(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_/@ .", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// editDistance is Levenshtein's: how many bytes must be added, taken away or replaced to make a of b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1) // of the prefixes of b, for the prefix of a so far
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
