package text

import (
	"fmt"

	"github.com/mclclip/mclclip/internal/nn"
)

// Config is the text_cfg of open_clip's model configurations.
type Config struct {
	ContextLength int     `json:"context_length"` // tokens, with start and end
	VocabSize     int     `json:"vocab_size"`     // V; the highest id ends a caption
	Width         int     `json:"width"`          // D
	Heads         int     `json:"heads"`
	Layers        int     `json:"layers"`
	MLPRatio      float64 `json:"mlp_ratio"` // hidden width of the MLP over D

	Bidirectional  bool                 `json:"no_causal_mask,omitempty"` // a token sees also those after it
	Pool           string               `json:"pool_type,omitempty"`      // PoolLast; "" takes the token with the highest id
	ProjectionBias bool                 `json:"proj_bias,omitempty"`
	Norm           nn.NormOptions       `json:"norm_kwargs,omitzero"`
	Activation     nn.ActivationOptions `json:"act_kwargs,omitzero"`
	Tokenizer      string               `json:"hf_tokenizer_name,omitempty"` // a repository of the Hugging Face hub; "" is CLIP's own
	Cleaning       TokenizerOptions     `json:"tokenizer_kwargs,omitzero"`
}

// PoolLast takes the last place of the context, where SigLIP has an end or padding token.
const PoolLast = "last"

// TokenizerOptions is the tokenizer_kwargs of open_clip's configurations.
type TokenizerOptions struct {
	Clean string `json:"clean,omitempty"` // how a text is cleaned before it is split
}

// CheckTokenizer tells why captions cannot be turned into tokens for the tower; token ids it takes nevertheless.
func (c Config) CheckTokenizer() error {
	if c.Tokenizer == "" && c.Pool == "" {
		return nil
	}
	name := c.Tokenizer
	if name == "" {
		name = "SigLIP's own"
	}
	return fmt.Errorf("the text tower wants a SentencePiece tokenizer (%s), which mclclip does not have: such models embed images only", name)
}

// DefaultConfig is what open_clip takes for the keys that a configuration does not name.
func DefaultConfig() Config {
	return Config{ContextLength: 77, VocabSize: 49408, Width: 512, Heads: 8, Layers: 12, MLPRatio: 4}
}

// Validate says what no tower can be made of.
func (c Config) Validate() error {
	switch {
	case c.ContextLength < 2, c.VocabSize < 1, c.Width < 1, c.Heads < 1, c.Layers < 1, c.MLPRatio <= 0:
		return fmt.Errorf("vocab_size %d, width %d, heads %d, layers %d and mlp_ratio %g must be positive and context_length %d at least 2",
			c.VocabSize, c.Width, c.Heads, c.Layers, c.MLPRatio, c.ContextLength)
	case c.Width%c.Heads != 0:
		return fmt.Errorf("width %d is not a multiple of heads %d", c.Width, c.Heads)
	case c.Pool != "" && c.Pool != PoolLast:
		return fmt.Errorf("pool_type is %q; want %s, or none for the token with the highest id", c.Pool, PoolLast)
	case c.Bidirectional != (c.Pool == PoolLast): // tokens would be cut off that count
		return fmt.Errorf("no_causal_mask %v with pool_type %q is not supported; SigLIP has true with %s, CLIP neither", c.Bidirectional, c.Pool, PoolLast)
	}
	return c.Activation.Validate()
}
