package mcl

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
)

// Every try that diverged stays under a name of its own, its checkpoints and its records.
func TestNoTryThatDivergedIsLost(t *testing.T) {
	run := &Run{dir: t.TempDir()}
	p := newPhase(run.dir, "stage", 0, true)
	for _, try := range []string{"first", "second"} {
		for _, path := range []string{filepath.Join(run.dir, metrics.LinesFile), filepath.Join(p.checkpoints(), "diverged-00000001")} {
			makeFile(t, path)
			if err := os.WriteFile(path, []byte(try), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := run.forget(p, train.ErrNothingSound); err == nil || hasBegun(run.dir) {
			t.Fatalf("%s try: got %v, and the folder holds a run: %v", try, err, hasBegun(run.dir))
		}
	}
	for path, want := range map[string]string{
		"metrics-diverged-1.jsonl":                         "first",
		"metrics-diverged-2.jsonl":                         "second",
		"stage-0/checkpoints-diverged-1/diverged-00000001": "first",
		"stage-0/checkpoints-diverged-2/diverged-00000001": "second",
	} {
		if got, err := os.ReadFile(filepath.Join(run.dir, path)); err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v), want that of the %s try", path, got, err, want)
		}
	}
}
