package text

import "strconv"

// Groups lists the parts of the tower, each by the beginnings of its parameters' names, in the order from the tokens to the
// embedding. They are those of open_clip's lock_text_tower: the embeddings, each block (the last with the norm after it), and
// the projection.
func (t *Transformer) Groups() [][]string {
	groups := [][]string{{"token_embedding.", "positional_embedding"}}
	for i := range t.Blocks {
		groups = append(groups, []string{"transformer.resblocks." + strconv.Itoa(i) + "."})
	}
	last := len(groups) - 1
	groups[last] = append(groups[last], "ln_final.")
	return append(groups, []string{"text_projection"})
}
