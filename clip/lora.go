package clip

import (
	"fmt"
	"math"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/vision"
)

// LoRA says which towers learn through low-rank matrices beside the linear layers of their blocks (Hu et al. 2021, arXiv
// 2106.09685), while all weights of the tower stay. Rank 0 is none.
type LoRA struct {
	Rank   int     `json:"rank"`
	Alpha  float64 `json:"alpha"`  // the product of the matrices counts alpha/rank; 0: 1
	Towers string  `json:"towers"` // "image", "text" or "both"
}

// Image tells whether the image tower learns so.
func (l LoRA) Image() bool { return l.Rank > 0 && l.Towers != "text" }

// Text tells whether the text tower learns so.
func (l LoRA) Text() bool { return l.Rank > 0 && l.Towers != "image" }

// Validate names the first setting that cannot be.
func (l LoRA) Validate() error {
	switch {
	case l.Rank < 0:
		return fmt.Errorf("--lora-rank %d: want at least 1, or 0 for none", l.Rank)
	case !(l.Alpha >= 0) || math.IsInf(l.Alpha, 0):
		return fmt.Errorf("--lora-alpha %g: want a number above 0, or 0 for the rank", l.Alpha)
	case l.Rank > 0 && l.Towers != "image" && l.Towers != "text" && l.Towers != "both":
		return fmt.Errorf("--lora-towers %q: want image, text or both", l.Towers)
	}
	return nil
}

// CheckLoRA tells whether a model can learn so.
func (c Config) CheckLoRA(l LoRA) error {
	if l.Image() && c.Vision.ResNet() {
		return fmt.Errorf("--lora-towers %s: a ResNet has no transformer blocks for LoRA; say --lora-towers text", l.Towers)
	}
	if l.Image() && c.Vision.Pool == vision.PoolMAP {
		return fmt.Errorf("--lora-towers %s: LoRA does not reach the image tower of SigLIP, whose attention pooling it leaves out; say --lora-towers text", l.Towers)
	}
	return nil
}

// AddLoRA makes the towers learn through low-rank matrices. They change nothing at first; the same seed gives the same ones. They
// are parameters like others, and go with the weights into checkpoints, until MergeLoRA.
func (m *Model) AddLoRA(l LoRA, seed uint64) (err error) {
	defer torch.Recover(&err)
	if err := m.Config.CheckLoRA(l); err != nil || l.Rank == 0 {
		return err
	}
	c := nn.LoRAConfig{Rank: int64(l.Rank), Alpha: l.Alpha}
	if c.Alpha == 0 {
		c.Alpha = float64(l.Rank)
	}
	torch.Seed(seed)
	b := nn.NewBuilder(nn.Fresh(m.Device()))
	if l.Image() {
		tower, ok := m.Visual.(*vision.Transformer)
		if !ok {
			return fmt.Errorf("--lora-towers %s: the image tower is no transformer", l.Towers)
		}
		m.adapt(b.Sub("visual"), c, visual, tower.Blocks)
	}
	if l.Text() {
		m.adapt(b, c, "", m.Text.Blocks)
	}
	for _, p := range b.Params() {
		p.Tensor.SetTrainable(true)
		m.adapters = append(m.adapters, p)
	}
	return b.Err()
}

// adapt locks a tower and puts low-rank matrices beside the linear layers of its blocks.
func (m *Model) adapt(b *nn.Builder, c nn.LoRAConfig, tower string, blocks nn.Blocks) {
	m.setTrainable(false, func(name string) bool { return towerOf(name) == tower })
	for i, block := range blocks {
		block.AddLoRA(b.Sub(fmt.Sprint("transformer.resblocks.", i)), c)
	}
}

// MergeLoRA adds what AddLoRA's matrices have learned to the weights, of which the model consists again then.
func (m *Model) MergeLoRA() (err error) {
	defer torch.Recover(&err)
	if len(m.adapters) == 0 {
		return nil
	}
	if tower, ok := m.Visual.(*vision.Transformer); ok {
		merge(tower.Blocks)
	}
	merge(m.Text.Blocks)
	nn.Free(m.adapters)
	m.adapters = nil
	return nil
}

func merge(blocks nn.Blocks) {
	for _, block := range blocks {
		block.MergeLoRA()
	}
}
