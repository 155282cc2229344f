package embedding

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// MetaKey is the key under which each Parquet footer holds Meta as JSON.
const MetaKey = "mclclip"

// Number types of an embedding, as numpy names them.
const (
	Float32 = "float32"
	Float16 = "float16" // rounded to nearest, ties to even
)

// Meta says what the embeddings are, so that those of two models are not mixed up unnoticed.
type Meta struct {
	Model           string    `json:"model"`                 // name of the model or of the run
	Dim             int       `json:"dim"`                   // D
	Stages          []Stage   `json:"stages,omitempty"`      // of an integrated embedding, in order, D in all; none for a single model
	Integration     string    `json:"integration,omitempty"` // rule by which the stages became one: "concat", "weighted", ...
	Weights         []float64 `json:"weights,omitempty"`     // of the stages, where the rule has fixed ones
	Normalized      bool      `json:"normalized"`            // each embedding as a whole has unit length
	Metric          string    `json:"metric"`                // to search with: "cosine", "ip" or "l2"
	DType           string    `json:"dtype"`                 // Float32 or Float16
	DataFingerprint string    `json:"data_fingerprint,omitempty"`
	Build           string    `json:"build,omitempty"` // of the program that wrote them
}

// Stage is the part of an integrated embedding that one stage made: the numbers [Offset, Offset+Dim). A part by itself is
// not of unit length; normalise it before its cosine is taken.
type Stage struct {
	Name   string `json:"name"`
	Offset int    `json:"offset"`
	Dim    int    `json:"dim"`
}

// Validate checks that the meta data is complete and that the stages cover the embedding without gap or overlap.
func (m Meta) Validate() error {
	switch {
	case m.Model == "":
		return errors.New("embedding meta data: no model name")
	case m.Dim < 1:
		return fmt.Errorf("embedding meta data: dim is %d, want at least 1", m.Dim)
	case m.DType != Float32 && m.DType != Float16:
		return fmt.Errorf("embedding meta data: dtype is %q, want %s or %s", m.DType, Float32, Float16)
	case !slices.Contains([]string{"cosine", "ip", "l2"}, m.Metric):
		return fmt.Errorf("embedding meta data: metric is %q, want cosine, ip or l2", m.Metric)
	}
	next := 0
	for _, stage := range m.Stages {
		if stage.Offset != next || stage.Dim < 1 {
			return fmt.Errorf("embedding meta data: stage %q has offset %d and dim %d, want offset %d and a positive dim",
				stage.Name, stage.Offset, stage.Dim, next)
		}
		next += stage.Dim
	}
	if len(m.Stages) > 0 && next != m.Dim {
		return fmt.Errorf("embedding meta data: the stages have %d dimensions in all, dim is %d", next, m.Dim)
	}
	return nil
}

// JSON returns the value of MetaKey.
func (m Meta) JSON() string {
	text, err := json.Marshal(m)
	if err != nil { // strings, numbers and lists of them always have a JSON form
		return "{}"
	}
	return string(text)
}

// width returns the bytes of one number.
func (m Meta) width() int {
	if m.DType == Float16 {
		return 2
	}
	return 4
}
