package mcl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Integrator makes one feature of the raw features that several models have of an image or a text, [S][D]. The result is not
// scaled; the cosine does that.
type Integrator interface {
	Image(parts [][]float32) []float32
	Text(parts [][]float32) []float32
}

// Rules of integration whose numbers are fitted on held-out pairs, by mclclip integrate.
const (
	Weighted  = "weighted"  // concat-normalized with a weight for each model: the cosine is the weighted mean of the models' cosines
	Attention = "attention" // the same with weights that depend on the image and the text
)

// None is the rule without integration: the newest model alone.
const None = "none"

// Integrations lists all rules, the authors' first.
func Integrations() []string { return slices.Concat(RuleNames, []string{Weighted, Attention, None}) }

// fixed is a rule without numbers, the same for images and texts.
type fixed func(parts [][]float32) []float32

// Image implements Integrator.
func (f fixed) Image(parts [][]float32) []float32 { return f(parts) }

// Text implements Integrator.
func (f fixed) Text(parts [][]float32) []float32 { return f(parts) }

// Integration is a rule for the models of a run, which may be given by a fit.
type Integration struct {
	Rule   string
	fitted *Fitted
}

// OpenIntegration returns a rule by its name; the numbers of a fitted one are read from the run folder.
func OpenIntegration(run, rule string) (*Integration, error) {
	if !slices.Contains(Integrations(), rule) {
		return nil, fmt.Errorf("%q is no rule of integration: want %s", rule, strings.Join(Integrations(), ", "))
	}
	i := &Integration{Rule: rule}
	if rule != Weighted && rule != Attention {
		return i, nil
	}
	if run == "" {
		return nil, fmt.Errorf("%s needs a run that it was fitted to", rule)
	}
	path := fittedPath(run, rule)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not fitted yet: mclclip integrate --run %s --rule %s --pairs 'held-out.parquet'", rule, run, rule)
	}
	if err != nil {
		return nil, err
	}
	i.fitted = &Fitted{}
	if err := json.Unmarshal(raw, i.fitted); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := i.fitted.validate(rule); err != nil {
		return nil, fmt.Errorf("%s: %w; fit it anew with mclclip integrate", path, err)
	}
	return i, nil
}

// Of returns the rule for the models of these names, in this order. A fitted rule is for the models that it was fitted to alone: the base
// and all stages, or the base and all controls.
func (i *Integration) Of(members ...string) (Integrator, error) {
	switch {
	case len(members) == 0:
		return nil, errors.New("no models to integrate")
	case i.Rule == None:
		return fixed(func(parts [][]float32) []float32 { return parts[len(parts)-1] }), nil
	case i.fitted == nil:
		return fixed(rules[i.Rule]), nil
	}
	for _, f := range i.fitted.Fusions {
		if slices.Equal(f.Members, members) {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%s was not fitted to %s: fit it anew with mclclip integrate, or choose another rule", i.Rule, strings.Join(members, ", "))
}

func fittedPath(run, rule string) string {
	return filepath.Join(run, "integration-"+rule+".json")
}
