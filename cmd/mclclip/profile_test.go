package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// traceSpan is a complete event of the trace event format.
type traceSpan struct {
	Name     string  `json:"name"`
	Phase    string  `json:"ph"`
	Start    float64 `json:"ts"`
	Duration float64 `json:"dur"`
}

func readTrace(t *testing.T, path string) []traceSpan {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Events []traceSpan `json:"traceEvents"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var spans []traceSpan
	for _, e := range file.Events {
		if e.Phase == "X" {
			spans = append(spans, e)
		}
	}
	return spans
}

// inside counts the spans of a name that lie inside one of another name.
func inside(spans []traceSpan, name, outer string) (n int) {
	for _, s := range spans {
		for _, o := range spans {
			if s.Name == name && o.Name == outer && s.Start >= o.Start && s.Start+s.Duration <= o.Start+o.Duration {
				n++
				break
			}
		}
	}
	return n
}

func TestProfileShowsEveryPartOfEveryStep(t *testing.T) {
	pairs, run := drawPairs(t, 80), filepath.Join(t.TempDir(), "x")
	path := filepath.Join(t.TempDir(), "trace.json")
	code, _, stderr := mclclip(t, "", trainArgs(pairs, run, "--stages", "1", "--clusters", "2", "--profile", path)...)
	if code != codeDone || !strings.Contains(stderr, "bottleneck: ") {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	spans := readTrace(t, path)
	const steps = 3 + 3 // of the base and of a stage
	for _, part := range []string{"host to device", "forward", "loss", "backward", "optimizer"} {
		if n := inside(spans, part, "step"); n != steps {
			t.Errorf("%d spans of %s lie in a step, want %d", n, part, steps)
		}
	}
	for part, want := range map[string]int{"step": 3, "data wait": 3, "embed": 1, "cluster": 1} {
		if n := inside(spans, part, "stage-1"); n != want {
			t.Errorf("%d spans of %s lie in the stage, want %d", n, part, want)
		}
	}
	for i, a := range spans {
		for _, b := range spans[:i] {
			if a.Start < b.Start && b.Start < a.Start+a.Duration && a.Start+a.Duration < b.Start+b.Duration {
				t.Errorf("%+v and %+v overlap, neither inside the other", a, b)
			}
		}
	}
}

func TestProfileNeedsItsFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "trace.json")
	code, _, stderr := mclclip(t, "", trainArgs(t.TempDir(), filepath.Join(t.TempDir(), "x"), "--profile", path)...)
	if code != codeUsage || !strings.Contains(stderr, "--profile") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}
