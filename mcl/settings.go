package mcl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// moved are settings that a resumed run may change: where the pairs and the weights lie and what the model is called. The
// two of K-means are in config.json files of before, beside mcl.clusters and mcl.seed, which count.
var moved = []string{"pairs", "pretrained", "model", "mcl.kmeans.clusters", "mcl.kmeans.seed"}

// changed compares the saved settings with the wanted ones and says of each that differs what it was and what it is, by the
// flag that sets it.
func changed(saved map[string]any, want Resolved) (differ []string, err error) {
	raw, err := json.Marshal(want)
	if err != nil {
		return nil, err
	}
	now, err := flatten("settings", raw)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(saved)
	maps.Copy(all, now)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		a, b := fmt.Sprint(saved[key]), fmt.Sprint(now[key])
		if a == b || slices.Contains(moved, key) {
			continue
		}
		if text := difference(key, a, b, saved["pairs"], want.Pairs); !slices.Contains(differ, text) {
			differ = append(differ, text)
		}
	}
	return differ, nil
}

// difference says in words how a setting differs.
func difference(key, was, is string, pairsWere any, pairs []string) string {
	switch key {
	case "data":
		if a, b := fmt.Sprint(pairsWere), fmt.Sprint(pairs); a != b {
			return fmt.Sprintf("--pairs was %s, is now %s, with other content", a, b)
		}
		return fmt.Sprintf("the files of --pairs %v have other content than when the run began, or there are more or fewer of them", pairs)
	case "val_data":
		return "the held-out pairs of --val-pairs are others than when the run began"
	case "weights":
		return fmt.Sprintf("the weights of --pretrained have other content (SHA-256 was %s, is now %s)", was, is)
	}
	return fmt.Sprintf("%s was %s, is now %s", flagOf(key), given(was), given(is))
}

func given(value string) string {
	if value == "<nil>" || value == "" {
		return "not given"
	}
	return value
}

// flagOf names the flag that sets a key of config.json, or the key where none does.
func flagOf(key string) string {
	if part, ok := strings.CutPrefix(key, "model_cfg."); ok {
		return "--model (" + part + ")"
	}
	if part, ok := strings.CutPrefix(key, "mcl.lock."); ok {
		return "--lock-" + dashed(part)
	}
	if _, part, ok := strings.Cut(key, ".lora."); ok {
		return "--lora-" + part
	}
	parts := strings.Split(key, ".")
	last := parts[len(parts)-1]
	switch {
	case key == "mcl.kmeans.balance":
		return "--balance"
	case key == "version" || strings.HasPrefix(key, "mcl.kmeans."), slices.Contains([]string{"beta1", "beta2", "eps"}, last):
		return key
	case key == "mcl.base.steps" || key == "mcl.base.lr":
		return "--base-" + last
	}
	return "--" + dashed(last)
}

func dashed(name string) string { return strings.ReplaceAll(name, "_", "-") }

// flatten turns JSON into dotted keys and values.
func flatten(path string, raw []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	flat := map[string]any{}
	var walk func(prefix string, value any)
	walk = func(prefix string, value any) {
		if branch, ok := value.(map[string]any); ok {
			for key, child := range branch {
				walk(strings.TrimPrefix(prefix+"."+key, "."), child)
			}
			return
		}
		flat[prefix] = value
	}
	walk("", tree)
	return flat, nil
}
