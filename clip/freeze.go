package clip

import (
	"strings"

	"github.com/mclclip/mclclip/internal/nn"
)

const visual = "visual."

// Unlock makes all parameters trainable.
func (m *Model) Unlock() {
	m.setTrainable(true, func(string) bool { return true })
}

// LockText makes the text tower keep its weights; the logit scale stays as it is.
func (m *Model) LockText() {
	m.setTrainable(false, func(name string) bool { return !strings.HasPrefix(name, visual) && name != "logit_scale" })
}

// LockImage makes the image tower keep its weights but for its last groups: 1 leaves the projection trainable, 2 also the
// last block with the norm after it, each further one a block more, and layers + 2 everything. These are the groups of
// open_clip's --lock-image-unlocked-groups.
func (m *Model) LockImage(unlockedGroups int) {
	m.setTrainable(false, func(name string) bool { return strings.HasPrefix(name, visual) })
	groups := m.Config.Vision.Groups()
	for _, group := range groups[max(0, len(groups)-unlockedGroups):] {
		m.setTrainable(true, func(name string) bool { return inGroup(name, group) })
	}
}

func inGroup(name string, group []string) bool {
	for _, part := range group {
		if strings.HasPrefix(name, visual+part) {
			return true
		}
	}
	return false
}

func (m *Model) setTrainable(on bool, chosen func(name string) bool) {
	for _, p := range m.params {
		if chosen(p.Name) {
			p.Tensor.SetTrainable(on)
		}
	}
}

// Trainable returns the parameters that are trainable now.
func (m *Model) Trainable() []nn.Param {
	var out []nn.Param
	for _, p := range m.params {
		if p.Tensor.Trainable() {
			out = append(out, p)
		}
	}
	return out
}
