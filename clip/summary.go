package clip

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mclclip/mclclip/internal/nn"
)

// Selection is some of a model's parameters.
type Selection struct {
	Names []string // what they are called in brief: visual.transformer.resblocks.6-11.* are all parameters of six blocks
	Count int64    // their elements
}

// String is for people.
func (s Selection) String() string {
	if s.Count == 0 {
		return "none"
	}
	return fmt.Sprintf("%d: %s", s.Count, strings.Join(s.Names, ", "))
}

// Summary says which parameters are trainable now and which keep their values. Buffers are neither.
func (m *Model) Summary() (trained, kept Selection) {
	weights := slices.DeleteFunc(slices.Clone(m.params), func(p nn.Param) bool { return p.Buffer })
	trained = selected(weights, func(p nn.Param) bool { return p.Tensor.Trainable() })
	kept = selected(weights, func(p nn.Param) bool { return !p.Tensor.Trainable() })
	var added []string
	for _, p := range m.adapters {
		before, number, _, _ := splitNumber(p.Name)
		added = append(added, fmt.Sprintf("%s%d.*.lora_*", before, number))
		trained.Count += int64(p.Tensor.Len())
	}
	trained.Names = append(trained.Names, joinRanges(slices.Compact(added))...)
	return trained, kept
}

// Share counts the elements of some parameters: those that are trainable now, and all.
type Share struct{ Trainable, All int64 }

// String is for people.
func (s Share) String() string { return fmt.Sprintf("%d of %d", s.Trainable, s.All) }

// TrainableShares counts the parameters of the two towers; the logit scale belongs to neither.
func (m *Model) TrainableShares() (image, text Share) {
	var shares [TextTower + 1]Share
	for _, p := range m.Parameters() {
		tower, _ := m.Layer(p.Name)
		size := int64(p.Tensor.Len())
		shares[tower].All += size
		if p.Tensor.Trainable() {
			shares[tower].Trainable += size
		}
	}
	return shares[ImageTower], shares[TextTower]
}

func selected(all []nn.Param, in func(nn.Param) bool) (s Selection) {
	partial := map[string]bool{} // beginnings of names that others have too
	for _, p := range all {
		if in(p) {
			s.Count += int64(p.Tensor.Len())
			continue
		}
		for _, prefix := range beginnings(p.Name) {
			partial[prefix] = true
		}
	}
	for _, p := range all {
		if in(p) {
			s.Names = append(s.Names, brief(p.Name, partial))
		}
	}
	s.Names = joinRanges(slices.Compact(s.Names))
	return s
}

// beginnings are those of a name that end with a dot, the shortest first.
func beginnings(name string) (all []string) {
	for i, r := range name {
		if r == '.' {
			all = append(all, name[:i+1])
		}
	}
	return all
}

// brief is the shortest beginning of a name that no parameter outside the selection has.
func brief(name string, partial map[string]bool) string {
	for _, prefix := range beginnings(name) {
		if !partial[prefix] {
			return prefix + "*"
		}
	}
	return name
}

// joinRanges makes one name of those that differ in the number of a layer only, where the numbers follow one another.
func joinRanges(names []string) (joined []string) {
	type layers struct{ at, first, last int } // at: the place in joined
	open := map[[2]string]*layers{}
	for _, name := range names {
		before, number, after, ok := splitNumber(name)
		if !ok {
			joined = append(joined, name)
			continue
		}
		key := [2]string{before, after}
		l := open[key]
		if l == nil || number != l.last+1 {
			l = &layers{len(joined), number, number}
			open[key] = l
			joined = append(joined, name)
			continue
		}
		l.last = number
		joined[l.at] = fmt.Sprintf("%s%d-%d%s", before, l.first, l.last, after)
	}
	return joined
}

// splitNumber cuts a name around its first part that is a number.
func splitNumber(name string) (before string, number int, after string, ok bool) {
	at := 0
	for _, part := range strings.Split(name, ".") {
		if n, err := strconv.Atoi(part); err == nil {
			return name[:at], n, name[at+len(part):], true
		}
		at += len(part) + 1
	}
	return name, 0, "", false
}
