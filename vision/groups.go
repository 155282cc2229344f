package vision

import "strconv"

// Groups lists the parts of the tower, each by the beginnings of its parameters' names, in the order from the pixels to the
// embedding. open_clip unlocks a locked tower (Zhai et al. 2022, arXiv 2111.07991) group by group from the end.
func (c Config) Groups() [][]string {
	groups := [][]string{{"conv1.", "class_embedding", "positional_embedding", "ln_pre."}}
	for i := range c.Layers {
		groups = append(groups, []string{"transformer.resblocks." + strconv.Itoa(i) + "."})
	}
	last := len(groups) - 1
	groups[last] = append(groups[last], "ln_post.")
	return append(groups, []string{"proj"})
}
