package vision

import (
	"strconv"

	"github.com/mclclip/mclclip/internal/nn"
)

// Groups are those of open_clip's VisionTransformer: what makes the tokens, each block (the last with the norm after it),
// and the projection.
func (t *Transformer) Groups() [][]string {
	groups := [][]string{{"conv1.", "class_embedding", "positional_embedding", "ln_pre."}}
	for i := range t.Blocks {
		groups = append(groups, []string{"transformer.resblocks." + strconv.Itoa(i) + "."})
	}
	last := len(groups) - 1
	groups[last] = append(groups[last], "ln_post.")
	return append(groups, []string{"proj"})
}

// SetTape makes the blocks keep no activations in training; nil ends that.
func (t *Transformer) SetTape(tape *nn.Tape) { t.tape = tape }

// SetTraining changes nothing: a ViT computes the same in training.
func (t *Transformer) SetTraining(bool) {}
