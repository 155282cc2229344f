package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mclclip/mclclip/internal/atomicfile"
)

const prefix = "step-"

// stepName is the folder's name of a step; the zeros make a listing sort by step up to 10^8.
func stepName(step int) string { return fmt.Sprintf("%s%08d", prefix, step) }

// PathOf is the folder of a step's checkpoint below dir, whether it is there or not.
func PathOf(dir string, step int) string { return filepath.Join(dir, stepName(step)) }

// StepOf returns the step that a step folder's path names.
func StepOf(path string) (step int, ok bool) {
	digits, ok := strings.CutPrefix(filepath.Base(path), prefix)
	step, err := strconv.Atoi(digits)
	return step, ok && err == nil && step >= 0 && stepName(step) == filepath.Base(path)
}

// List returns the steps that have a folder in dir, sound or not, in rising order. A missing dir has none.
func List(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var steps []int
	for _, entry := range entries {
		if step, ok := StepOf(entry.Name()); ok && entry.IsDir() {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// Prune deletes checkpoints until the newest keep are left. A checkpoint counts only if its files are there in the size
// that was written, so that a damaged newest one does not cost the sound one before it; damaged ones newer than the last
// kept stay too, for their owner to look at. keep must be at least 1. The checkpoints of the steps that are named also stay in any
// case.
func Prune(dir string, keep int, also ...int) error {
	if keep < 1 {
		return fmt.Errorf("checkpoint: keep must be at least 1, got %d", keep)
	}
	steps, err := List(dir)
	if err != nil {
		return err
	}
	sound := 0
	for i := len(steps) - 1; i >= 0; i-- {
		path := filepath.Join(dir, stepName(steps[i]))
		switch {
		case sound >= keep && slices.Contains(also, steps[i]):
		case sound >= keep:
			if err := atomicfile.RemoveDir(path); err != nil {
				return err
			}
		case complete(path):
			sound++
		}
	}
	return nil
}

// SetAside gives the checkpoint of a step the name diverged-<step>, under which Latest does not see it; one that has the name
// already is replaced. Without a checkpoint of that step the error wraps fs.ErrNotExist.
func SetAside(dir string, step int) error {
	path := filepath.Join(dir, stepName(step))
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("checkpoint of step %d: %w", step, err)
	}
	aside := filepath.Join(dir, fmt.Sprintf("diverged-%08d", step))
	if err := os.RemoveAll(aside); err != nil {
		return fmt.Errorf("checkpoint of step %d: %w", step, err)
	}
	if err := os.Rename(path, aside); err != nil {
		return fmt.Errorf("checkpoint of step %d: %w", step, err)
	}
	return nil
}

// complete is a cheap Verify: it reads state.json only.
func complete(path string) bool {
	b, err := readState(path)
	if err != nil {
		return false
	}
	for _, name := range []string{ModelFile, OptimizerFile} {
		info, err := os.Stat(filepath.Join(path, name))
		if err != nil || info.Size() != b.Files[name].Size {
			return false
		}
	}
	return true
}
