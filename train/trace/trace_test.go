package trace

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ticking is a Recorder whose clock goes on by a second each time it is read.
func ticking(t *testing.T) *Recorder {
	r := New(filepath.Join(t.TempDir(), "trace.json"))
	now := r.start
	r.now = func() time.Time { now = now.Add(time.Second); return now }
	return r
}

func read(t *testing.T, r *Recorder) []event {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(r.path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Events []event `json:"traceEvents"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	if len(file.Events) == 0 || file.Events[0].Phase != "M" {
		t.Fatalf("the file has no name of the process first: %s", raw)
	}
	return file.Events[1:]
}

func TestSpansLieInsideOneAnother(t *testing.T) {
	r := ticking(t)
	step := r.Begin("step")         // 1
	forward := r.Begin("for\"ward") // 2
	forward()                       // 3
	backward := r.Begin("backward") // 4
	backward()                      // 5
	step()                          // 6
	want := []event{{"for\"ward", "X", 2e6, 1e6, 1, 1}, {"backward", "X", 4e6, 1e6, 1, 1}, {"step", "X", 1e6, 5e6, 1, 1}}
	got := read(t, r)
	if len(got) != len(want) {
		t.Fatalf("%d spans, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("span %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

// An error may skip the end of an inner span.
func TestTheOuterEndEndsTheInnerSpans(t *testing.T) {
	r := ticking(t)
	outer := r.Begin("outer")
	r.Begin("inner")
	outer()
	r.Begin("open at the end")
	names := ""
	for _, e := range read(t, r) {
		names += e.Name + "; "
	}
	if want := "inner; outer; open at the end; "; names != want {
		t.Errorf("the spans are %s, want %s", names, want)
	}
}

func TestSummaryNamesTheBottleneck(t *testing.T) {
	r := ticking(t)
	step := r.Begin("step")
	wait := r.Begin("data wait")
	for range 5 {
		r.now()
	}
	wait()
	r.Begin("forward")()
	step()
	// 6 s of waiting, 1 s forward, and 3 s of the step itself
	want := "bottleneck: data wait 60 % of 10 s (raise --workers, or store smaller images); then step 30 %, forward 10 %"
	if got := r.Summary(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheFileIsBounded(t *testing.T) {
	r := New(filepath.Join(t.TempDir(), "trace.json"))
	for range mostEvents + 3 {
		r.Begin("step")()
	}
	if got := len(read(t, r)); got != mostEvents || r.left != 3 {
		t.Errorf("%d spans are in the file and %d left out, want %d and 3", got, r.left, mostEvents)
	}
}

func TestNoRecorderRecordsNothing(t *testing.T) {
	var r *Recorder
	r.Begin("step")()
	if err := r.Close(); err != nil || strings.Contains(r.Summary(), "bottleneck") {
		t.Errorf("error %v, %q", err, r.Summary())
	}
}
