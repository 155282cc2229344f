package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/safetensors"
)

// state makes a small state whose bytes depend on the step.
func state(step int) State {
	b := byte(step)
	return State{
		Step: step,
		Tensors: []safetensors.Tensor{
			{Name: "visual.proj", DType: "F32", Shape: []int{1, 2}, Data: []byte{b, 1, 2, 3, 4, 5, 6, 7}},
			{Name: "logit_scale", DType: "F32", Shape: []int{}, Data: []byte{b, 0, 0, 64}},
		},
		Optimizer: []safetensors.Tensor{{Name: "step", DType: "I64", Shape: []int{}, Data: []byte{b, 0, 0, 0, 0, 0, 0, 0}}},
		Meta:      json.RawMessage(`{"epoch":3,"seed":"17","note":"a<b"}`),
	}
}

func save(t *testing.T, dir string, step int) string {
	t.Helper()
	path, err := Save(dir, state(step))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// same compares states with tensors in any order and Meta as JSON.
func same(a, b State) bool {
	byName := func(list []safetensors.Tensor) map[string]safetensors.Tensor {
		m := map[string]safetensors.Tensor{}
		for _, t := range list {
			m[t.Name] = t
		}
		return m
	}
	var metaA, metaB any
	if json.Unmarshal(a.Meta, &metaA) != nil || json.Unmarshal(b.Meta, &metaB) != nil {
		return false
	}
	return a.Step == b.Step && reflect.DeepEqual(metaA, metaB) &&
		reflect.DeepEqual(byName(a.Tensors), byName(b.Tensors)) &&
		reflect.DeepEqual(byName(a.Optimizer), byName(b.Optimizer))
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func TestLoadReturnsWhatWasSaved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "stage-1", "checkpoints")
	path := save(t, dir, 1234)
	if want := filepath.Join(dir, "step-00001234"); path != want {
		t.Errorf("got path %s, want %s", path, want)
	}
	wantNames(t, path, ModelFile, OptimizerFile, StateFile)
	got, err := Load(path)
	if err != nil || !same(got, state(1234)) {
		t.Errorf("got %+v, %v", got, err)
	}
	model, err := LoadModel(path)
	if err != nil || len(model.Tensors) != 2 || model.Optimizer != nil || model.Step != 1234 {
		t.Errorf("got model %+v, %v", model, err)
	}
}

func TestSavingAStepAgainReplacesIt(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, 5)
	again := state(5)
	again.Tensors[0].Data = []byte("changed!")
	path, err := Save(dir, again)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || !same(got, again) {
		t.Errorf("got %+v, %v", got, err)
	}
	wantNames(t, dir, "step-00000005")
}

func TestSaveRefusesBadStates(t *testing.T) {
	for name, change := range map[string]func(*State){
		"negative": func(s *State) { s.Step = -1 },
		"not JSON": func(s *State) { s.Meta = json.RawMessage("{") },
		"bytes, got 3": func(s *State) {
			s.Tensors[0].Data = []byte("abc")
		},
	} {
		dir := t.TempDir()
		s := state(1)
		change(&s)
		if _, err := Save(dir, s); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got error %v, want %q", err, name)
		}
		wantNames(t, dir)
	}
}

func TestAnEmptyMetaIsNull(t *testing.T) {
	s := state(1)
	s.Meta = nil
	path, err := Save(t.TempDir(), s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || string(got.Meta) != "null" {
		t.Errorf("got meta %s, %v", got.Meta, err)
	}
}

// Every damage to every file is either an error or, where a byte does not matter, without effect.
func TestDamageNeverGivesAnotherState(t *testing.T) {
	path := save(t, t.TempDir(), 7)
	for _, name := range []string{ModelFile, OptimizerFile, StateFile} {
		file := filepath.Join(path, name)
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		harmless := 0
		for i := range whole {
			for _, mask := range []byte{1, 0x20, 0xff} {
				bad := bytes.Clone(whole)
				bad[i] ^= mask
				harmless += harm(t, path, file, bad)
			}
			if i < len(whole)-1 { // the last byte of state.json is a newline
				harmless += harm(t, path, file, whole[:i])
			}
		}
		harmless += harm(t, path, file, append(bytes.Clone(whole), 'x'))
		if name != StateFile && harmless > 0 {
			t.Errorf("%s: %d damages went unnoticed", name, harmless)
		}
		if harmless > 32 { // the letters of the two outer keys in another case, white space
			t.Errorf("%s: %d damages went unnoticed", name, harmless)
		}
		if err := os.WriteFile(file, whole, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(path); err != nil {
		t.Errorf("the control, undamaged again, gives %v", err)
	}
}

// harm writes bad to file and returns 1 if the checkpoint loads nevertheless, then it must be the state of step 7.
func harm(t *testing.T, path, file string, bad []byte) int {
	t.Helper()
	if err := os.WriteFile(file, bad, 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if (err == nil) != (Verify(path) == nil) {
		t.Errorf("Load says %v, Verify says %v", err, Verify(path))
	}
	if err != nil {
		return 0
	}
	if !same(got, state(7)) {
		t.Errorf("%s: damaged bytes %q load as another state", file, bad)
	}
	return 1
}

func TestAMissingFileIsAnError(t *testing.T) {
	for _, name := range []string{ModelFile, OptimizerFile, StateFile} {
		path := save(t, t.TempDir(), 7)
		if err := os.Remove(filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("got error %v, want one that names %s", err, name)
		}
	}
}

func TestAFolderUnderAnotherStepsNameIsAnError(t *testing.T) {
	dir := t.TempDir()
	path := save(t, dir, 7)
	best := filepath.Join(dir, "best")
	if err := os.Rename(path, best); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(best); err != nil {
		t.Errorf("got %v for a name that is no step's", err)
	}
	wrong := filepath.Join(dir, stepName(8))
	if err := os.Rename(best, wrong); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(wrong); err == nil || !strings.Contains(err.Error(), "of step 7") {
		t.Errorf("got error %v", err)
	}
}

func TestAFullDiskKeepsTheOldCheckpoints(t *testing.T) {
	for _, op := range []atomicfile.Op{atomicfile.OpCreate, atomicfile.OpWrite, atomicfile.OpSync, atomicfile.OpRename} {
		for n := 1; n <= 8; n++ {
			dir := t.TempDir()
			save(t, dir, 1)
			left := n
			restore := atomicfile.Inject(func(got atomicfile.Op, _ string) error {
				if got == op {
					if left--; left == 0 {
						return syscall.ENOSPC
					}
				}
				return nil
			})
			_, err := Save(dir, state(2))
			restore()
			if left > 0 { // the step happens less than n times
				break
			}
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "step 2") {
				t.Errorf("%s %d: got error %v, want ENOSPC", op, n, err)
			}
			wantNames(t, dir, "step-00000001")
			if path, warnings, err := Latest(dir); err != nil || len(warnings) > 0 {
				t.Errorf("%s %d: got %s, %q, %v", op, n, path, warnings, err)
			}
		}
	}
}
