package clip

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/vision"
)

// openAIHeadWidth is the width of a head in all of OpenAI's models, whose files do not tell it.
const openAIHeadWidth = 64

// infer returns the architecture that the shapes of a state_dict of open_clip or OpenAI have. It has OpenAI's head width; heads
// and activation leave no trace in the shapes.
func infer(source weightSource, customText bool) (c Config, err error) {
	s := shapes{source: source}
	if customText {
		s.text = textPrefix
	}
	c.CustomText = customText
	c.Text.ContextLength, c.Text.Width = s.at(s.text+"positional_embedding", 0), s.at(s.text+"positional_embedding", 1)
	c.Text.VocabSize = s.at(s.text+"token_embedding.weight", 0)
	c.Text.Layers = s.count(s.text + "transformer.resblocks.")
	c.Text.MLPRatio = ratio(s.at(s.text+"transformer.resblocks.0.mlp.c_fc.weight", 0), c.Text.Width)
	c.Text.Heads, c.Vision.HeadWidth = max(1, c.Text.Width/openAIHeadWidth), openAIHeadWidth
	switch {
	case s.count(trunk+"blocks.") > 0:
		s.siglip(&c)
	case s.count("visual.layer1.") > 0:
		s.resnet(&c.Vision)
	default:
		s.vit(&c.Vision)
	}
	if c.EmbedDim == 0 {
		c.EmbedDim = s.at(s.text+"text_projection", 1)
	}
	if s.missing != "" {
		return c, fmt.Errorf("these are not the weights of a CLIP by open_clip's, OpenAI's or transformers' names: there is no %s", s.missing)
	}
	return c, nil
}

// shapes asks a source for sizes and remembers the first that is not there.
type shapes struct {
	source  weightSource
	text    string // what the names of the text tower begin with
	missing string
}

// at returns the size of an axis.
func (s *shapes) at(name string, axis int) int {
	info, ok := s.source.Info(name)
	if ok && axis < len(info.Shape) && info.Shape[axis] > 0 {
		return info.Shape[axis]
	}
	if s.missing == "" {
		s.missing = name
	}
	return 1
}

// count returns how many different parts follow a prefix.
func (s *shapes) count(prefix string) int {
	found := map[string]bool{}
	for _, name := range s.source.Names() {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			number, _, _ := strings.Cut(rest, ".")
			found[number] = true
		}
	}
	return len(found)
}

func (s *shapes) vit(v *vision.Config) {
	v.Width, v.PatchSize = s.at("visual.conv1.weight", 0), s.at("visual.conv1.weight", 3)
	v.Layers = s.count("visual.transformer.resblocks.")
	v.MLPRatio = ratio(s.at("visual.transformer.resblocks.0.mlp.c_fc.weight", 0), v.Width)
	v.HeadWidth = min(v.HeadWidth, v.Width)
	v.ImageSize = v.PatchSize * grid(s.at("visual.positional_embedding", 0))
}

// siglip sets all that SigLIP's models share.
func (s *shapes) siglip(c *Config) {
	v := &c.Vision
	v.Width, v.PatchSize = s.at(trunk+"patch_embed.proj.weight", 0), s.at(trunk+"patch_embed.proj.weight", 3)
	v.Layers = s.count(trunk + "blocks.")
	v.MLPRatio = ratio(s.at(trunk+"blocks.0.mlp.fc1.weight", 0), v.Width)
	v.HeadWidth = min(v.HeadWidth, v.Width)
	v.ImageSize = v.PatchSize * grid(s.at(trunk+"pos_embed", 1)+1)
	v.Pool, v.Norm.Eps = vision.PoolMAP, 1e-6
	c.EmbedDim, c.InitLogitBias = s.at(s.text+"text_projection.weight", 0), -10
	c.Text.Bidirectional, c.Text.Pool, c.Text.ProjectionBias, c.Text.Norm.Eps = true, text.PoolLast, true, 1e-6
}

func (s *shapes) resnet(v *vision.Config) {
	v.Width = s.at("visual.layer1.0.conv1.weight", 0)
	for i := range v.Stages {
		v.Stages[i] = s.count(fmt.Sprintf("visual.layer%d.", i+1))
	}
	v.ImageSize = 32 * grid(s.at("visual.attnpool.positional_embedding", 0))
}

// grid is the side of the square of positions beside the first.
func grid(positions int) int { return int(math.Round(math.Sqrt(float64(positions - 1)))) }

// ratio is the factor by which hidden follows from width when the product is cut to a whole number.
func ratio(hidden, width int) float64 {
	r := float64(hidden) / float64(width)
	if int(float64(width)*r) != hidden {
		r = (float64(hidden) + 0.5) / float64(width)
	}
	return r
}

// sameShapes tells whether weights of one configuration fit the other.
func sameShapes(a, b Config) bool {
	planA, err := Plan(a)
	if err != nil {
		return false
	}
	planB, err := Plan(b)
	if err != nil || len(planA) != len(planB) {
		return false
	}
	for i, p := range planA {
		if p.Name != planB[i].Name || !slices.Equal(p.Shape, planB[i].Shape) {
			return false
		}
	}
	return true
}

// sameModel tells whether two configurations compute the same with the same weights.
func sameModel(a, b Config) bool {
	return a.QuickGELU == b.QuickGELU && a.Text.Heads == b.Text.Heads && a.Vision.Heads() == b.Vision.Heads() &&
		a.Vision.ImageSize == b.Vision.ImageSize && a.Vision.Pool == b.Vision.Pool && a.Text.Pool == b.Text.Pool &&
		a.Vision.Norm == b.Vision.Norm && a.Text.Norm == b.Text.Norm &&
		a.Vision.Activation == b.Vision.Activation && a.Text.Activation == b.Text.Activation && sameShapes(a, b)
}

// presetOf finds the preset whose weights have the shapes of c, "" if there is none.
func presetOf(c Config) string {
	for _, name := range Presets() {
		if preset, err := Preset(name); err == nil && !strings.HasSuffix(name, quickSuffix) && sameShapes(preset, c) {
			return name
		}
	}
	return ""
}

// Name is a short name of an architecture: that of the preset, or what sets it apart, such as ViT-p8-w96-l3.
func (c Config) Name() string {
	name := presetOf(c)
	switch {
	case name == "" && c.Vision.ResNet():
		name = fmt.Sprintf("RN-w%d", c.Vision.Width)
	case name == "":
		name = fmt.Sprintf("ViT-p%d-w%d-l%d", c.Vision.PatchSize, c.Vision.Width, c.Vision.Layers)
	}
	if c.QuickGELU {
		name += quickSuffix
	}
	return name
}

// describe names a configuration for people.
func describe(c Config) string {
	if name := presetOf(c); name != "" {
		preset, _ := Preset(name)
		if c.QuickGELU {
			name += quickSuffix
		}
		if preset.Text.Heads == c.Text.Heads && preset.Vision.Heads() == c.Vision.Heads() {
			return name
		}
		return fmt.Sprintf("%s but for %d and %d heads", name, c.Vision.Heads(), c.Text.Heads)
	}
	activation := "GELU"
	switch {
	case c.QuickGELU:
		activation = "QuickGELU"
	case c.Vision.Activation.Approximate == "tanh":
		activation = "GELU by tanh"
	}
	v := c.Vision
	tower := fmt.Sprintf("a ViT of width %d with %d layers, %d heads and patches of %d", v.Width, v.Layers, v.Heads(), v.PatchSize)
	if v.ResNet() {
		tower = fmt.Sprintf("a ResNet of width %d with %v blocks", v.Width, v.Stages)
	}
	return fmt.Sprintf("%s for %d pixels, a text tower of width %d with %d layers and %d heads, and %s", tower, v.ImageSize, c.Text.Width, c.Text.Layers, c.Text.Heads, activation)
}

// errActivation is the answer to weights that say neither by themselves nor through a configuration what they were trained with.
func errActivation(preset string) error {
	if c, err := Preset(preset); err == nil && c.Vision.Pool == vision.PoolMAP {
		return fmt.Errorf("the weights do not tell which activation they were trained with: say --model %s, if it is that", preset)
	}
	return fmt.Errorf("the weights do not tell whether they were trained with GELU or QuickGELU: say --model %s or --model %s%s", preset, preset, quickSuffix)
}

var errHeads = errors.New("the weights do not tell their number of heads, and no preset has their shapes: say --model with an open_clip configuration (.json)")
