package mcl

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
)

// Fitted is a rule of integration with its numbers, the content of integration-<rule>.json in a run folder.
type Fitted struct {
	Version int       `json:"version"`
	Rule    string    `json:"rule"`
	Data    string    `json:"data"`    // fingerprint of the held-out pairs
	Pairs   int       `json:"pairs"`   // that it was fitted and checked on
	Fusions []*Fusion `json:"fusions"` // of the stages and, with a control, of the controls
}

// Fusion weighs the models of an embedding. With unit features u(s) of the models s, item x has weights
//
//	a(s) = softmax over s of (bias(s) + query(s) . u(s))
//
// and its feature is the concatenation of sqrt(a(s)) u(s), which has length 1. The cosine of an image and a text is then the sum of
// sqrt(a(s) c(s)) cos(s), where c are the weights of the text. Without queries, and with the same biases for images and texts,
// that is the mean of the models' cosines with fixed weights.
type Fusion struct {
	Members []string `json:"members"`
	Images  Weigher  `json:"images"`
	Texts   Weigher  `json:"texts"`
	Scale   float64  `json:"logit_scale"`
	// InfoNCE loss on a fifth of the pairs that nothing was fitted to, each rule at its best temperature.
	HeldOut Losses `json:"held_out_loss"`
}

// Losses compares a fitted rule with the one that it starts from.
type Losses struct {
	Equal  float64 `json:"equal_weights"`
	Fitted float64 `json:"fitted"`
}

// Weigher gives the models weights for one side, images or texts.
type Weigher struct {
	Bias  []float64   `json:"bias"`            // [S]
	Query [][]float64 `json:"query,omitempty"` // [S][D]; none for fixed weights
}

// validate refuses what is no fit of the rule.
func (f *Fitted) validate(rule string) error {
	if f.Version != 1 || f.Rule != rule || len(f.Fusions) == 0 {
		return fmt.Errorf("version %d, rule %q with %d fits is not known to this program", f.Version, f.Rule, len(f.Fusions))
	}
	for _, g := range f.Fusions {
		for _, w := range []Weigher{g.Images, g.Texts} {
			if len(g.Members) == 0 || len(w.Bias) != len(g.Members) || len(w.Query) != 0 && len(w.Query) != len(g.Members) {
				return errors.New("the numbers of weights and models differ")
			}
		}
	}
	return nil
}

// Save writes the fit into a run folder and returns its path.
func (f *Fitted) Save(run string) (string, error) {
	path := fittedPath(run, f.Rule)
	return path, writeJSON(filepath.Clean(path), f)
}

// Weights returns the models' weights where they are fixed, nil where they depend on the item.
func (f *Fusion) Weights() []float64 {
	if f.Images.Query != nil {
		return nil
	}
	return softmax(f.Images.Bias)
}

// Image implements Integrator.
func (f *Fusion) Image(parts [][]float32) []float32 { return f.Images.join(parts) }

// Text implements Integrator.
func (f *Fusion) Text(parts [][]float32) []float32 { return f.Texts.join(parts) }

// join concatenates the models' unit features, each times the root of its weight.
func (w Weigher) join(parts [][]float32) []float32 {
	units := make([][]float32, len(parts))
	for s, part := range parts {
		units[s] = Concat(part)
	}
	var joined []float32
	for s, a := range w.weights(units) {
		root := math.Sqrt(a)
		for _, x := range units[s] {
			joined = append(joined, float32(root*float64(x)))
		}
	}
	return joined
}

// weights of the models for an item with these unit features.
func (w Weigher) weights(units [][]float32) []float64 {
	energies := make([]float64, len(w.Bias))
	for s := range energies {
		energies[s] = w.Bias[s]
		if w.Query != nil {
			for j, q := range w.Query[s] {
				energies[s] += q * float64(units[s][j])
			}
		}
	}
	return softmax(energies)
}

func softmax(x []float64) []float64 {
	most := math.Inf(-1)
	for _, v := range x {
		most = max(most, v)
	}
	out, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		out[i] = math.Exp(v - most)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}
