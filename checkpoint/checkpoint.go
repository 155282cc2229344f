package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/safetensors"
)

// The files of a step folder.
const (
	ModelFile     = "model.safetensors"
	OptimizerFile = "optimizer.safetensors"
	StateFile     = "state.json"
)

// State is what a run needs to go on.
type State struct {
	Step      int                  // optimisation steps done
	Tensors   []safetensors.Tensor // weights
	Optimizer []safetensors.Tensor // moments and whatever else the optimizer keeps
	Meta      json.RawMessage      // the run's own state as JSON: configuration, position in the data, random state
}

// Save writes the state as a step folder below dir, which is made if it is missing, and returns the folder's path. A
// folder of the same step is replaced in one go. Whatever fails, the checkpoints that were there stay as they were.
// Leftovers of killed runs are deleted first, because they may be what fills the disk.
func Save(dir string, s State) (path string, err error) {
	if s.Step < 0 {
		return "", fmt.Errorf("checkpoint: step %d is negative", s.Step)
	}
	if len(s.Meta) == 0 {
		s.Meta = json.RawMessage("null")
	}
	if !json.Valid(s.Meta) {
		return "", fmt.Errorf("checkpoint of step %d: its meta is not JSON", s.Step)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("checkpoint of step %d: %w", s.Step, err)
	}
	if _, err := atomicfile.RemoveLeftovers(dir); err != nil {
		return "", fmt.Errorf("checkpoint of step %d: %w", s.Step, err)
	}
	path = filepath.Join(dir, stepName(s.Step))
	if err := atomicfile.ReplaceDir(path, func(tmp string) error { return writeFolder(tmp, s) }); err != nil {
		return "", fmt.Errorf("checkpoint of step %d: %w", s.Step, err)
	}
	return path, nil
}

func writeFolder(folder string, s State) error {
	model, err := writeTensors(folder, ModelFile, s.Tensors)
	if err != nil {
		return err
	}
	optimizer, err := writeTensors(folder, OptimizerFile, s.Optimizer)
	if err != nil {
		return err
	}
	return writeState(folder, body{
		Version: version, Step: s.Step, Files: map[string]fileSum{ModelFile: model, OptimizerFile: optimizer}, Meta: s.Meta,
	})
}

// Load reads a step folder and checks every byte of it.
func Load(path string) (State, error) {
	b, err := readState(path)
	if err != nil {
		return State{}, err
	}
	s := State{Step: b.Step, Meta: b.Meta}
	if s.Tensors, err = readTensors(path, ModelFile, b.Files[ModelFile]); err != nil {
		return State{}, err
	}
	if s.Optimizer, err = readTensors(path, OptimizerFile, b.Files[OptimizerFile]); err != nil {
		return State{}, err
	}
	return s, nil
}

// LoadModel reads the weights of a step folder, and leaves the optimizer's file alone.
func LoadModel(path string) (State, error) {
	b, err := readState(path)
	if err != nil {
		return State{}, err
	}
	tensors, err := readTensors(path, ModelFile, b.Files[ModelFile])
	if err != nil {
		return State{}, err
	}
	return State{Step: b.Step, Tensors: tensors, Meta: b.Meta}, nil
}

// Verify checks every byte of a step folder without keeping them in memory.
func Verify(path string) error {
	b, err := readState(path)
	if err != nil {
		return err
	}
	return errors.Join(
		verifyFile(path, ModelFile, b.Files[ModelFile]),
		verifyFile(path, OptimizerFile, b.Files[OptimizerFile]),
	)
}

// Latest returns the path of the newest checkpoint in dir that passes Verify. Newer ones that do not are passed over, each
// with a warning that names it and says what is wrong. Without any sound checkpoint the error wraps fs.ErrNotExist.
func Latest(dir string) (path string, warnings []string, err error) {
	steps, err := List(dir)
	if err != nil {
		return "", nil, err
	}
	for i := len(steps) - 1; i >= 0; i-- {
		path := filepath.Join(dir, stepName(steps[i]))
		if err := Verify(path); err != nil {
			warnings = append(warnings, fmt.Sprintf("checkpoint %s is damaged and passed over: %v", path, err))
			continue
		}
		return path, warnings, nil
	}
	if len(steps) > 0 {
		return "", warnings, fmt.Errorf("%s: none of the %d checkpoints is sound: %w", dir, len(steps), fs.ErrNotExist)
	}
	return "", nil, fmt.Errorf("%s: no checkpoint: %w", dir, fs.ErrNotExist)
}
