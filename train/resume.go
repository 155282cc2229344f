package train

import (
	"encoding/json"
	"fmt"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
)

// state copies everything that a run needs to go on to the host.
func (t *Trainer) state(phase Phase) (checkpoint.State, error) {
	raw, err := json.Marshal(meta{Phase: phase.Name, Cursor: t.cursor, Skipped: t.badSum, Bad: t.bad, Batches: phase.Batches, Evals: t.evals, Config: phase.Config})
	if err != nil {
		return checkpoint.State{}, fmt.Errorf("checkpoint of %s: %w", phase.Name, err)
	}
	weights, err := t.model.Weights()
	if err != nil {
		return checkpoint.State{}, err
	}
	return checkpoint.State{Step: t.done, Tensors: weights, Optimizer: t.opt.state(), Meta: raw}, nil
}

// Resume puts a checkpoint back: weights, moments, steps done and the position in the data. Where the batches are composed from
// other pairs or labels than the checkpoint's the epoch at hand begins anew.
func (t *Trainer) Resume(path, batches string) (err error) {
	defer torch.Recover(&err)
	state, err := checkpoint.Load(path)
	if err != nil {
		return err
	}
	var m struct {
		Cursor  data.Cursor `json:"cursor"`
		Skipped int         `json:"skipped_steps"`
		Bad     int         `json:"bad_steps_in_a_row"`
		Batches string      `json:"batches"`
		Evals   evaluated   `json:"evaluated"`
	}
	m.Evals = notEvaluated
	if err := json.Unmarshal(state.Meta, &m); err != nil {
		return fmt.Errorf("checkpoint %s: %w", path, err)
	}
	if err := t.model.SetWeights(state.Tensors); err != nil {
		return fmt.Errorf("checkpoint %s: %w", path, err)
	}
	if err := t.opt.load(state.Optimizer); err != nil {
		return fmt.Errorf("checkpoint %s: %w", path, err)
	}
	t.anew = m.Batches != batches && (m.Cursor.Batch > 0 || len(m.Cursor.Carry) > 0)
	if m.Batches != batches {
		m.Cursor = data.Cursor{Epoch: m.Cursor.Epoch}
	}
	t.position = position{done: state.Step, cursor: m.Cursor, bad: m.Bad, badSum: m.Skipped, evals: m.Evals}
	return nil
}

// EpochAnew tells whether the last Resume left its place in the epoch at hand, for the batches are composed from something else
// than the checkpoint's.
func (t *Trainer) EpochAnew() bool { return t.anew }
