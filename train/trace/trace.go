// Package trace records where the time of a run goes: spans that lie inside one another, written as a file of Chrome's trace
// events, which Perfetto (https://ui.perfetto.dev) opens.
package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mclclip/mclclip/internal/atomicfile"
)

// mostEvents bounds the memory and the file (about 20 MB). Later spans count in the summary only.
const mostEvents = 200_000

// Recorder collects the spans of one goroutine. A nil Recorder collects nothing.
type Recorder struct {
	path   string
	now    func() time.Time
	start  time.Time
	events []event
	open   []frame
	own    map[string]time.Duration // by name, without the spans inside
	left   int                      // spans that are not among events
}

// frame is a span that has not ended.
type frame struct {
	name   string
	begun  time.Time
	inside time.Duration // of spans that have ended inside it
}

// event is a complete event of the trace event format; times are in microseconds.
type event struct {
	Name     string  `json:"name"`
	Phase    string  `json:"ph"`
	Start    float64 `json:"ts"`
	Duration float64 `json:"dur"`
	Process  int     `json:"pid"`
	Thread   int     `json:"tid"`
}

// New returns a Recorder that will write to path.
func New(path string) *Recorder {
	return &Recorder{path: path, now: time.Now, start: time.Now(), own: map[string]time.Duration{}}
}

// Begin starts a span inside those that are open. The function that it returns ends it and whatever is still open inside.
func (r *Recorder) Begin(name string) (end func()) {
	if r == nil {
		return func() {}
	}
	depth := len(r.open)
	r.open = append(r.open, frame{name: name, begun: r.now()})
	return func() {
		for len(r.open) > depth {
			r.end()
		}
	}
}

// end ends the innermost open span.
func (r *Recorder) end() {
	last := len(r.open) - 1
	f := r.open[last]
	r.open = r.open[:last]
	took := r.now().Sub(f.begun)
	r.own[f.name] += took - f.inside
	if last > 0 {
		r.open[last-1].inside += took
	}
	if len(r.events) == mostEvents {
		r.left++
		return
	}
	r.events = append(r.events, event{f.name, "X", microseconds(f.begun.Sub(r.start)), microseconds(took), 1, 1})
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// Close ends what is open and writes the file.
func (r *Recorder) Close() error {
	if r == nil {
		return nil
	}
	for len(r.open) > 0 {
		r.end()
	}
	return atomicfile.WriteFile(r.path, r.write)
}

// write writes an event a line.
func (r *Recorder) write(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"spans left out\":\"%d\"},\"traceEvents\":[\n", r.left)
	fmt.Fprint(b, `{"name":"process_name","ph":"M","pid":1,"tid":1,"args":{"name":"mclclip"}}`)
	for _, e := range r.events {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, ",\n%s", line)
	}
	fmt.Fprint(b, "\n]}\n")
	return b.Flush()
}

// cures says what to do where most of the time goes to something that need not take it.
var cures = map[string]string{
	"data wait":      "raise --workers, or store smaller images",
	"host to device": "the device waits for the host's memory",
	"checkpoint":     "raise --save-every",
}

// Summary names, in one line, what takes most of the time, and the next ones.
func (r *Recorder) Summary() string {
	if r == nil || len(r.own) == 0 {
		return "nothing was recorded"
	}
	total := time.Duration(0)
	for _, d := range r.own {
		total += d
	}
	names := slices.SortedFunc(maps.Keys(r.own), func(a, b string) int {
		if r.own[a] != r.own[b] {
			return int(max(-1, min(1, r.own[b]-r.own[a])))
		}
		return strings.Compare(a, b)
	})
	share := func(name string) string {
		return fmt.Sprintf("%s %.0f %%", name, 100*float64(r.own[name])/float64(max(total, 1)))
	}
	line := fmt.Sprintf("bottleneck: %s of %.3g s", share(names[0]), total.Seconds())
	if cure := cures[names[0]]; cure != "" {
		line += " (" + cure + ")"
	}
	var others []string
	for _, name := range names[1:min(len(names), 6)] {
		others = append(others, share(name))
	}
	if len(others) > 0 {
		line += "; then " + strings.Join(others, ", ")
	}
	return line
}
