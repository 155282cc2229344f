package mcl

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/mclclip/mclclip/clip"
)

// Integrated says which models of a run make up its embedding, and how. It is the content of integrated.json.
type Integrated struct {
	Version    int      `json:"version"`
	Model      string   `json:"model"`       // a name for people
	Stages     []Member `json:"stages"`      // the base model and the stages, in order
	Control    []Member `json:"control"`     // the base model and the controls, in order; empty without --control
	TextLocked bool     `json:"text_locked"` // the stages share the base model's text tower
	Rule       string   `json:"rule"`        // "concat": raw features one after the other, then scaled to length 1
}

// Member is one model of an integrated embedding.
type Member struct {
	Name   string `json:"name"`   // "base", "stage-1", "control-1"
	Dir    string `json:"dir"`    // folder of the weights, relative to the run folder
	Dim    int    `json:"dim"`    // width of its features
	Offset int    `json:"offset"` // of its features in the concatenation
}

// writeIntegrated writes integrated.json when all models are there.
func (r *Run) writeIntegrated(list []phase) error {
	cfg, _, err := clip.ReadConfig(list[0].model())
	if err != nil {
		return err
	}
	out := Integrated{Version: 1, Model: r.name, TextLocked: r.cfg.Lock.textStays(), Rule: "concat"}
	member := func(members []Member, p phase) []Member {
		dir, _ := filepath.Rel(r.dir, p.model())
		return append(members, Member{Name: p.name, Dir: dir, Dim: cfg.EmbedDim, Offset: len(members) * cfg.EmbedDim})
	}
	out.Control = member(nil, list[0])
	for _, p := range list {
		if p.kind == "stage" {
			out.Stages = member(out.Stages, p)
		} else {
			out.Control = member(out.Control, p)
		}
	}
	if !r.cfg.Control {
		out.Control = nil
	}
	return writeJSON(filepath.Join(r.dir, IntegratedFile), out)
}

// ReadIntegrated reads integrated.json of a finished run.
func ReadIntegrated(dir string) (Integrated, error) {
	var i Integrated
	raw, err := os.ReadFile(filepath.Join(dir, IntegratedFile))
	if err != nil {
		return i, noFinishedRun(dir, err)
	}
	if err := json.Unmarshal(raw, &i); err != nil {
		return i, fmt.Errorf("%s: %w", filepath.Join(dir, IntegratedFile), err)
	}
	if i.Version != 1 || i.Rule != "concat" || len(i.Stages) == 0 {
		return i, fmt.Errorf("%s: version %d, rule %q with %d stages is not known to this program", filepath.Join(dir, IntegratedFile), i.Version, i.Rule, len(i.Stages))
	}
	for _, m := range slices.Concat(i.Stages, i.Control) {
		if _, err := os.Stat(filepath.Join(dir, m.Dir)); err != nil {
			return i, fmt.Errorf("%s: the model %s of the finished run is gone: give its finetune command once more, with --resume, and it is made again", dir, m.Dir)
		}
	}
	return i, nil
}

// noFinishedRun says why a folder has no integrated.json, and what to do about it.
func noFinishedRun(dir string, err error) error {
	if _, missing := os.Stat(dir); missing != nil {
		return fmt.Errorf("there is no folder %s", dir)
	}
	if _, begun := os.Stat(filepath.Join(dir, ConfigFile)); begun == nil {
		return fmt.Errorf("%s holds no finished run: give the finetune command that began it once more, with --resume", dir)
	}
	return fmt.Errorf("%s is no run folder of finetune, which holds %s and %s: %w", dir, ConfigFile, IntegratedFile, err)
}

// Concat returns the integrated feature of one item: the stages' raw features one after the other, scaled to length 1
// (the authors' rule).
func Concat(parts ...[]float32) []float32 {
	joined := slices.Concat(parts...)
	scale(joined, 1/math.Sqrt(squaredLength(joined)))
	return joined
}

// Sum returns, for N stages that share one text feature t, the vector [E] of an image whose inner product with t/|t| is the
// cosine of the two concatenations: (sum of v) / sqrt(N * sum of |v|^2) over the stages' raw features v. Its length is at
// most 1.
func Sum(parts ...[]float32) []float32 {
	sum, squares := make([]float32, len(parts[0])), 0.0
	for _, part := range parts {
		squares += squaredLength(part)
		for i, v := range part {
			sum[i] += v
		}
	}
	scale(sum, 1/math.Sqrt(float64(len(parts))*squares))
	return sum
}

func squaredLength(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum
}

func scale(v []float32, factor float64) {
	for i := range v {
		v[i] = float32(float64(v[i]) * factor)
	}
}
