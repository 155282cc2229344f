package metrics

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func eventFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, BoardDir, "stage-1", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestResumedRunMarksWhereTensorBoardMustCut(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	logSteps(t, l, "stage-1", 1, 4)
	closeLogger(t, l)
	l = open(t, Config{Dir: dir, Resume: &Position{"stage-1", 2}})
	logSteps(t, l, "stage-1", 3, 4)
	closeLogger(t, l)

	files := eventFiles(t, dir)
	if len(files) != 2 {
		t.Fatalf("event files are %v, want 2", files)
	}
	for i, want := range []int{1 + 4, 2 + 2} {
		content, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		events, err := unframe(content)
		if err != nil || len(events) != want {
			t.Errorf("file %d has %d events, error %v; want %d", i, len(events), err, want)
		}
		if i == 1 {
			start := time.Date(2026, 11, 24, 8, 0, 1, 0, time.UTC)
			if mark := restartEvent(start, 3); !slices.Equal(events[1], mark) {
				t.Errorf("second event is %x, want the mark at step 3, %x", events[1], mark)
			}
		}
	}
}

// TensorBoard reads the files by name: also one made in the same second, or after the clock went back, must come last.
func TestNextEventFileSortsLast(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1_790_000_000, 0)
	var names []string
	for _, shift := range []time.Duration{0, 0, -time.Hour, time.Hour} {
		name, err := fileName(dir, now.Add(shift))
		if err != nil {
			t.Fatal(err)
		}
		appendText(t, filepath.Join(dir, name), "")
		names = append(names, name)
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names in the order of their making are %v", names)
	}
}
