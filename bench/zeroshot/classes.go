package zeroshot

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mclclip/mclclip/bench/features"
)

// Classes reads the classes of a list of lines: a name in each, or a label, a tab and a name. A label is then that label, the name, or
// the number of the line from 0.
func Classes(lines []string) (names []string, byLabel map[string]int, err error) {
	byLabel = map[string]int{}
	for i, line := range lines {
		label, name, both := strings.Cut(line, "\t")
		if !both {
			name = label
		}
		name = strings.TrimSpace(name)
		if other, twice := byLabel[label]; twice {
			return nil, nil, fmt.Errorf("class %q is on lines %d and %d", label, other+1, i+1)
		}
		byLabel[label] = i
		names = append(names, name)
	}
	for i, name := range names { // a label that is another class's number or name stays that label
		for _, other := range []string{name, strconv.Itoa(i)} {
			if _, taken := byLabel[other]; !taken {
				byLabel[other] = i
			}
		}
	}
	return names, byLabel, nil
}

// ClassesOf takes the labels themselves for classes, with spaces for underscores in their names. Numbers are refused: they are no prompt.
func ClassesOf(labels []string) (names []string, byLabel map[string]int, err error) {
	byLabel = map[string]int{}
	_, classes := features.Numbered(labels)
	for i, label := range classes {
		if _, err := strconv.Atoi(label); err == nil {
			return nil, nil, fmt.Errorf("the labels are numbers such as %s: --classes names a file with the class of each, one a line from 0", label)
		}
		names, byLabel[label] = append(names, strings.ReplaceAll(label, "_", " ")), i
	}
	return names, byLabel, nil
}
