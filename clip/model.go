package clip

import (
	"fmt"
	"slices"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/vision"
)

// Model is a dual encoder. It owns its parameters, which are float32, and its buffers (the running statistics of batch
// norms); Close frees them. A new or loaded model embeds; see SetTraining.
type Model struct {
	Config     Config
	Visual     vision.Tower
	Text       *text.Transformer
	LogitScale *torch.Tensor // [], the logarithm of 1/temperature; who trains it keeps it within [0, ln 100]
	LogitBias  *torch.Tensor // [], what SigLIP's loss adds to each logit; nil in a CLIP

	params   []nn.Param // and buffers
	adapters []nn.Param // of AddLoRA
	frozen   bool       // the running statistics stay
}

// New makes a model that has learned nothing. The same seed gives the same weights on every device; the initialisation is
// that of open_clip. All parameters are trainable.
func New(c Config, seed uint64, device torch.Device) (*Model, error) {
	torch.Seed(seed)
	return build(c, nn.Fresh(device))
}

// build makes a model with the tensors of source. Where that fails nothing is left behind.
func build(c Config, source nn.Source) (m *Model, err error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	b := nn.NewBuilder(source)
	defer func() {
		if err != nil {
			nn.Free(b.Params())
			m = nil
		}
	}()
	defer torch.Recover(&err)
	m = &Model{
		Config:     c,
		Visual:     vision.New(b.Sub("visual"), c.Vision, c.EmbedDim, c.QuickGELU),
		Text:       text.New(b, c.Text, c.EmbedDim, c.QuickGELU),
		LogitScale: b.Param(logitScale, nn.Constant(c.initLogitScale())),
	}
	if c.InitLogitBias != 0 {
		m.LogitBias = b.Param(logitBias, nn.Constant(c.InitLogitBias))
	}
	m.params = b.Params()
	if err := b.Err(); err != nil {
		return nil, err
	}
	if source != nil {
		m.Unlock()
	}
	return m, nil
}

// Plan returns the names and shapes of a configuration's parameters and buffers without making any.
func Plan(c Config) ([]nn.Param, error) {
	m, err := build(c, nil)
	if err != nil {
		return nil, err
	}
	return m.params, nil
}

// EncodeImage maps normalised pixels [B, 3, S, S] to features [B, E], not normalised.
func (m *Model) EncodeImage(pixels *torch.Tensor) *torch.Tensor {
	return torch.Tidy(pixels, m.Visual.Forward)
}

// EncodeText maps token ids [B, L] (int64) to features [B, E], not normalised. L may be cut after the last end token, but not for
// SigLIP.
func (m *Model) EncodeText(tokens *torch.Tensor) *torch.Tensor {
	return torch.Tidy(tokens, m.Text.Forward)
}

// SetTraining switches between training, in which batch norms use the statistics of the batch and move the running ones,
// and embedding, in which they use the running ones. A model without batch norms computes the same in both.
func (m *Model) SetTraining(on bool) { m.Visual.SetTraining(on && !m.frozen) }

// SetTape makes the blocks of the transformers keep no activations in training; the tape's Backward then comes after that of
// the loss. Nil ends that.
func (m *Model) SetTape(tape *nn.Tape) {
	m.Visual.SetTape(tape)
	m.Text.SetTape(tape)
}

// all is what a checkpoint has to hold.
func (m *Model) all() []nn.Param { return slices.Concat(m.params, m.adapters) }

// Parameters returns all parameters, trainable or not, with their names in open_clip's state_dict of a plain CLIP.
func (m *Model) Parameters() []nn.Param {
	return slices.DeleteFunc(m.all(), func(p nn.Param) bool { return p.Buffer })
}

// Buffers returns what is saved with the parameters but not trained.
func (m *Model) Buffers() []nn.Param {
	return slices.DeleteFunc(slices.Clone(m.params), func(p nn.Param) bool { return !p.Buffer })
}

// Device is where the parameters lie.
func (m *Model) Device() torch.Device { return m.LogitScale.Device() }

// Close frees the parameters and buffers. There may be no model.
func (m *Model) Close() {
	if m != nil {
		nn.Free(m.all())
	}
}
