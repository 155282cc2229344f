package mcl

import (
	"fmt"
	"slices"
	"strings"
)

// Rules of integration: how the raw features of the stages become one, for images and texts alike. The result is not scaled; the
// cosine does that.
var rules = map[string]func(parts [][]float32) []float32{
	"concat":            func(parts [][]float32) []float32 { return slices.Concat(parts...) },
	"concat-normalized": concatNormalized,
	"sum":               addUp,
}

// RuleNames lists the rules of integration, the authors' first.
var RuleNames = []string{"concat", "concat-normalized", "sum"}

// Rule returns a rule of integration by name:
//
//	concat             one after the other as they are, so that longer features weigh more (the authors')
//	concat-normalized  each scaled to length 1 first: the cosine is the mean of the stages' cosines
//	sum                added up, in the base width
func Rule(name string) (func(parts [][]float32) []float32, error) {
	if rule := rules[name]; rule != nil {
		return rule, nil
	}
	return nil, fmt.Errorf("%q is no rule of integration: want %s", name, strings.Join(RuleNames, ", "))
}

func concatNormalized(parts [][]float32) []float32 {
	var joined []float32
	for _, part := range parts {
		joined = append(joined, Concat(part)...)
	}
	return joined
}

func addUp(parts [][]float32) []float32 {
	sum := slices.Clone(parts[0])
	for _, part := range parts[1:] {
		for i, v := range part {
			sum[i] += v
		}
	}
	return sum
}
