package clip

import (
	"fmt"
	"strings"

	"github.com/mclclip/mclclip/internal/nn"
)

const (
	visual     = "visual."
	logitScale = "logit_scale"
	logitBias  = "logit_bias"
)

// towerOf is what the names of a parameter's tower begin with: "visual." or nothing. The logit scale and bias are of no tower.
func towerOf(name string) string {
	switch {
	case name == logitScale, name == logitBias:
		return name
	case strings.HasPrefix(name, visual):
		return visual
	}
	return ""
}

// Unlock makes all parameters trainable and lets running statistics move in training.
func (m *Model) Unlock() {
	m.frozen = false
	m.setTrainable(true, func(string) bool { return true })
}

// LockText makes the text tower keep its weights but for its last groups: 1 leaves the projection trainable, 2 also the last
// block with the norm after it, each further one a block more, and layers + 2 or more everything. These are the layers of open_clip's
// --lock-text-unlocked-layers. The logit scale stays as it is.
func (m *Model) LockText(unlockedLayers int) {
	m.lock("", m.Text.Groups(), unlockedLayers)
}

// LockImage makes the image tower keep its weights but for its last groups: 1 leaves the projection trainable, 2 also the
// last block with the norm after it, each further one a block more, and layers + 2 everything. These are the groups of
// open_clip's --lock-image-unlocked-groups. A ResNet can only be locked whole; its running statistics still move in
// training, see FreezeStatistics.
func (m *Model) LockImage(unlockedGroups int) error {
	if err := m.Config.CheckLock(unlockedGroups); err != nil {
		return err
	}
	m.lock(visual, m.Visual.Groups(), unlockedGroups)
	return nil
}

// lock locks the tower whose names begin with prefix but for the last of its groups.
func (m *Model) lock(prefix string, groups [][]string, unlocked int) {
	m.setTrainable(false, func(name string) bool { return towerOf(name) == prefix })
	for _, group := range groups[max(0, len(groups)-unlocked):] {
		m.setTrainable(true, func(name string) bool { return inGroup(name, prefix, group) })
	}
}

// CheckLock tells whether the image tower can be locked but for so many groups. More than there are is an error: open_clip
// takes it for all.
func (c Config) CheckLock(unlockedGroups int) error {
	if c.Vision.ResNet() && unlockedGroups > 0 {
		return fmt.Errorf("--lock-image-unlocked-groups %d: a ResNet has no groups and is locked whole; leave the flag out", unlockedGroups)
	}
	if most := c.Vision.Layers + 2; !c.Vision.ResNet() && unlockedGroups > most {
		return fmt.Errorf("--lock-image-unlocked-groups %d: this image tower has %d groups (the projection, %d blocks, and what makes the tokens)", unlockedGroups, most, c.Vision.Layers)
	}
	return nil
}

// CheckTextLock is CheckLock for the text tower.
func (c Config) CheckTextLock(unlockedLayers int) error {
	if most := c.Text.Layers + 2; unlockedLayers > most {
		return fmt.Errorf("--lock-text-unlocked-layers %d: this text tower has %d (the projection, %d blocks, and the embeddings)", unlockedLayers, most, c.Text.Layers)
	}
	return nil
}

// FreezeStatistics makes the batch norms use the running statistics, and leave them, in training too, as open_clip's
// --lock-image-freeze-bn-stats does.
func (m *Model) FreezeStatistics() { m.frozen = true }

func inGroup(name, prefix string, group []string) bool {
	for _, part := range group {
		if strings.HasPrefix(name, prefix+part) {
			return true
		}
	}
	return false
}

func (m *Model) setTrainable(on bool, chosen func(name string) bool) {
	for _, p := range m.all() {
		if !p.Buffer && chosen(p.Name) {
			p.Tensor.SetTrainable(on)
		}
	}
}

// Trainable returns the parameters that are trainable now.
func (m *Model) Trainable() []nn.Param {
	var out []nn.Param
	for _, p := range m.all() {
		if p.Tensor.Trainable() {
			out = append(out, p)
		}
	}
	return out
}
