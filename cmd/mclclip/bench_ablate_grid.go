package main

import (
	"slices"
	"strings"
)

// integrateKey is the key of the grid that needs no training: the rule by which mmvp puts the features together.
const integrateKey = "integrate"

// ablateDefaults are the settings of finetune for what the grid does not vary; the keys are flags of finetune, in the order in which
// a run is named.
var ablateDefaults = []struct{ key, value string }{
	{"stages", "1"}, {"clusters", "32"}, {"groups", "4"}, {"batch-size", "64"}, {"steps", "300"}, {"lr", "1e-3"}, {"init", "base"},
	{"cluster-on", "image"}, {"balance", "0"}, {"hard-fraction", "1"}, {"wd", "0.1"}, {"tau", "0"}, {integrateKey, "concat"},
}

func ablateKeys() (keys []string) {
	for _, d := range ablateDefaults {
		keys = append(keys, d.key)
	}
	return keys
}

// axis is a key of the grid with its values.
type axis struct {
	key    string
	values []string
}

// parseGrid reads 'stages=1,2 clusters=4,10'.
func parseGrid(text string) (axes []axis, err error) {
	for _, word := range strings.Fields(text) {
		key, list, found := strings.Cut(word, "=")
		switch {
		case !found || list == "" || slices.Contains(strings.Split(list, ","), ""):
			return nil, usageErrorf("--grid %q: %q is no key=value,value", text, word)
		case !slices.Contains(ablateKeys(), key):
			return nil, usageErrorf("--grid: unknown key %q%s; keys are %s", key, didYouMean(key, ablateKeys()), strings.Join(ablateKeys(), ", "))
		case slices.ContainsFunc(axes, func(a axis) bool { return a.key == key }):
			return nil, usageErrorf("--grid: %q comes twice", key)
		}
		axes = append(axes, axis{key, strings.Split(list, ",")})
	}
	if len(axes) == 0 {
		return nil, usageErrorf("--grid is empty: want such as 'stages=1,2 clusters=8,32'")
	}
	return axes, nil
}

// combinations lists every choice of one value for each axis, the last axis changing fastest.
func combinations(axes []axis) []map[string]string {
	all := []map[string]string{{}}
	for _, a := range axes {
		var longer []map[string]string
		for _, choice := range all {
			for _, value := range a.values {
				next := map[string]string{a.key: value}
				for k, v := range choice {
					next[k] = v
				}
				longer = append(longer, next)
			}
		}
		all = longer
	}
	return all
}

// settingName is a choice as the table shows it.
func settingName(axes []axis, choice map[string]string) string {
	var words []string
	for _, a := range axes {
		words = append(words, a.key+"="+choice[a.key])
	}
	return strings.Join(words, " ")
}

// settingOf is the value of a key: the grid's choice, or the default.
func settingOf(choice map[string]string, key string) string {
	if value, ok := choice[key]; ok {
		return value
	}
	for _, d := range ablateDefaults {
		if d.key == key {
			return d.value
		}
	}
	return ""
}
