package clip

// Tower is one half of a model.
type Tower int

// The towers. The logit scale is of none.
const (
	NoTower Tower = iota
	ImageTower
	TextTower
)

// Layer tells of which tower a parameter is, and how many of the tower's groups lie between it and the embedding: 0 for the
// projection, layers + 1 for what makes the tokens. Layer-wise decay of the learning rate counts by it, as open_clip's does.
func (m *Model) Layer(name string) (tower Tower, depth int) {
	prefix := towerOf(name)
	switch prefix {
	case visual:
		return ImageTower, depthIn(name, prefix, m.Visual.Groups())
	case "":
		return TextTower, depthIn(name, prefix, m.Text.Groups())
	}
	return NoTower, 0
}

func depthIn(name, prefix string, groups [][]string) int {
	for i, group := range groups {
		if inGroup(name, prefix, group) {
			return len(groups) - 1 - i
		}
	}
	return 0
}
