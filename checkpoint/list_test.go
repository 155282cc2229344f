package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func cut(t *testing.T, path, name string, n int64) {
	t.Helper()
	if err := os.Truncate(filepath.Join(path, name), n); err != nil {
		t.Fatal(err)
	}
}

func TestLatestIsTheNewestByNumber(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []int{20, 100_000_000, 3} { // nine digits sort before eight by name
		save(t, dir, step)
	}
	path, warnings, err := Latest(dir)
	if err != nil || len(warnings) > 0 || filepath.Base(path) != "step-100000000" {
		t.Errorf("got %s, %q, %v", path, warnings, err)
	}
}

func TestLatestPassesDamagedOnesOverAndSaysSo(t *testing.T) {
	dir := t.TempDir()
	good := save(t, dir, 1)
	cut(t, save(t, dir, 2), ModelFile, 100)
	cut(t, save(t, dir, 3), StateFile, 0)
	path, warnings, err := Latest(dir)
	if err != nil || path != good {
		t.Errorf("got %s, %v, want %s", path, err, good)
	}
	if len(warnings) != 2 || !strings.Contains(warnings[0], "step-00000003") ||
		!strings.Contains(warnings[1], "step-00000002") || !strings.Contains(warnings[1], "100 bytes") {
		t.Errorf("got warnings %q", warnings)
	}
}

func TestLatestWithoutACheckpoint(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Join(dir, "missing")} {
		if _, _, err := Latest(d); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got error %v, want ErrNotExist", err)
		}
	}
	cut(t, save(t, dir, 2), OptimizerFile, 1)
	if _, warnings, err := Latest(dir); !errors.Is(err, fs.ErrNotExist) || len(warnings) != 1 {
		t.Errorf("got %q, %v", warnings, err)
	}
}

func TestListPassesOtherNamesOver(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, 2)
	for _, name := range []string{"step-2", "step-00000x03", "step--0000001", "best", ".step-00000009.tmp-0123456789abcdef"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "step-00000004"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if steps, err := List(dir); err != nil || !slices.Equal(steps, []int{2}) {
		t.Errorf("got %v, %v, want [2]", steps, err)
	}
}

func TestPruneKeepsTheNewest(t *testing.T) {
	dir := t.TempDir()
	for step := range 5 {
		save(t, dir, step)
	}
	if err := Prune(dir, 2); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, "step-00000003", "step-00000004")
	if err := Prune(dir, 2); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, "step-00000003", "step-00000004")
}

func TestPruneDoesNotCountDamagedOnes(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, 1)
	save(t, dir, 2)
	cut(t, save(t, dir, 3), ModelFile, 100)
	if err := Prune(dir, 1); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, "step-00000002", "step-00000003")
}

func TestPruneRefusesToKeepNone(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, 1)
	if err := Prune(dir, 0); err == nil {
		t.Error("want an error")
	}
	wantNames(t, dir, "step-00000001")
}

// A clock that goes backwards makes files look older than those before them; steps decide.
func TestClocksDoNotDecideWhichIsNewest(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for step := 1; step <= 3; step++ {
		path := save(t, dir, step)
		for _, name := range []string{path, filepath.Join(path, StateFile), filepath.Join(path, ModelFile)} {
			if err := os.Chtimes(name, now, now.Add(-time.Duration(step)*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if path, warnings, err := Latest(dir); err != nil || len(warnings) > 0 || filepath.Base(path) != "step-00000003" {
		t.Errorf("the newest is %s (%q, %v), want that of step 3", path, warnings, err)
	}
	if err := Prune(dir, 1); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, "step-00000003")
}

func TestACheckpointThatIsSetAsideIsNotTheNewest(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, 1)
	save(t, dir, 2)
	if err := SetAside(dir, 2); err != nil {
		t.Fatal(err)
	}
	if path, _, err := Latest(dir); err != nil || filepath.Base(path) != "step-00000001" {
		t.Errorf("the newest is %s (%v), want that of step 1", path, err)
	}
	if got, err := Load(filepath.Join(dir, "diverged-00000002")); err != nil || !same(got, state(2)) {
		t.Errorf("the one that was set aside is %+v (%v)", got, err)
	}
	save(t, dir, 2)
	if err := SetAside(dir, 2); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if err := SetAside(dir, 7); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v for a step without a checkpoint", err)
	}
}
