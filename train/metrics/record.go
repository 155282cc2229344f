package metrics

import (
	"encoding/json"
	"math"
	"time"
)

// Record is one optimisation step.
type Record struct {
	Phase      string  // part of the run: "base", "stage-1", "control-1"
	Step       int     // steps done in the phase, this one included
	Steps      int     // steps of the whole phase
	Epoch      int     // passes over the data finished before this step
	Pairs      int64   // pairs seen in the phase, this step included
	Loss       float64 // contrastive loss
	LR         float64 // learning rate of this step
	LogitScale float64 // exp of the learned log scale: 100 for OpenAI's weights
	GradNorm   float64 // global norm before clipping; 0 means not measured

	BaseDistance float64 // mean of 1 - cosine between the features and the base model's, both towers; 0 means not measured

	BatchSeconds   float64 // time of the whole step, waiting included
	DataSeconds    float64 // time spent waiting for the loader
	PairsPerSecond float64 // over all processes
}

// Event is anything that is not a step: an evaluation, a checkpoint, the end of a phase.
type Event struct {
	Name   string             // what happened, for instance "evaluation"
	Phase  string             // "" for the run as a whole
	Step   int                // steps done in the phase when it happened
	Text   string             // line for people, "" for none
	Values map[string]float64 // scalars by TensorBoard tag, for instance "val/image_to_text_R@1"
}

// scalars returns the TensorBoard values of the step under open_clip's tags.
func (r Record) scalars() []scalar {
	values := []scalar{
		{"train/loss", r.Loss},
		{"train/lr", r.LR},
		{"train/logit_scale", r.LogitScale},
		{"train/data_time", r.DataSeconds},
		{"train/batch_time", r.BatchSeconds},
		{"train/samples_per_second", r.PairsPerSecond},
	}
	if r.GradNorm != 0 {
		values = append(values, scalar{"train/grad_norm", r.GradNorm})
	}
	if r.BaseDistance != 0 {
		values = append(values, scalar{"train/base_distance", r.BaseDistance})
	}
	return values
}

// header begins each line of metrics.jsonl; a line with an event's name is an event, any other a step.
type header struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event,omitempty"`
	Phase string    `json:"phase,omitempty"`
	Step  int       `json:"step"`
}

type stepFields struct {
	Steps          int    `json:"steps"`
	Epoch          int    `json:"epoch"`
	Pairs          int64  `json:"pairs"`
	Loss           number `json:"loss"`
	LR             number `json:"lr"`
	LogitScale     number `json:"logit_scale"`
	GradNorm       number `json:"grad_norm,omitempty"`
	BaseDistance   number `json:"base_distance,omitempty"`
	DataTime       number `json:"data_time"`
	BatchTime      number `json:"batch_time"`
	PairsPerSecond number `json:"samples_per_second"`
}

type eventFields struct {
	Text   string            `json:"text,omitempty"`
	Values map[string]number `json:"values,omitempty"`
}

type stepLine struct {
	header
	stepFields
}

type eventLine struct {
	header
	eventFields
}

// anyLine reads both kinds.
type anyLine struct {
	header
	stepFields
	eventFields
}

func (r Record) line(now time.Time) stepLine {
	return stepLine{header{Time: now.UTC(), Phase: r.Phase, Step: r.Step}, stepFields{
		Steps: r.Steps, Epoch: r.Epoch, Pairs: r.Pairs,
		Loss: number(r.Loss), LR: number(r.LR), LogitScale: number(r.LogitScale), GradNorm: number(r.GradNorm), BaseDistance: number(r.BaseDistance),
		DataTime: number(r.DataSeconds), BatchTime: number(r.BatchSeconds), PairsPerSecond: number(r.PairsPerSecond),
	}}
}

func (l anyLine) record() Record {
	return Record{
		Phase: l.Phase, Step: l.Step, Steps: l.Steps, Epoch: l.Epoch, Pairs: l.Pairs,
		Loss: float64(l.Loss), LR: float64(l.LR), LogitScale: float64(l.LogitScale), GradNorm: float64(l.GradNorm), BaseDistance: float64(l.BaseDistance),
		DataSeconds: float64(l.DataTime), BatchSeconds: float64(l.BatchTime), PairsPerSecond: float64(l.PairsPerSecond),
	}
}

func (e Event) line(now time.Time) eventLine {
	values := make(map[string]number, len(e.Values))
	for tag, value := range e.Values {
		values[tag] = number(value)
	}
	return eventLine{header{Time: now.UTC(), Event: e.Name, Phase: e.Phase, Step: e.Step}, eventFields{e.Text, values}}
}

func (l anyLine) event() Event {
	values := make(map[string]float64, len(l.Values))
	for tag, value := range l.Values {
		values[tag] = float64(value)
	}
	return Event{Name: l.Event, Phase: l.Phase, Step: l.Step, Text: l.Text, Values: values}
}

// number is a float64 whose NaN and infinities, which JSON does not have, are written as null and read back as NaN: a
// diverged loss must not stop the log.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}
