package clip

import (
	"fmt"
	"strings"

	"github.com/mclclip/mclclip/internal/typo"
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
		switch d := typo.Distance(wanted, lettersOf(candidate)); {
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
