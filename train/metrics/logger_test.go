package metrics

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, cfg Config) *Logger {
	t.Helper()
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	l.now = func() time.Time {
		clock = clock.Add(time.Second)
		return clock
	}
	return l
}

func closeLogger(t *testing.T, l *Logger) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func record(phase string, step int) Record {
	return Record{Phase: phase, Step: step, Steps: 10, Pairs: int64(8 * step), Loss: 4 / float64(step), LR: 1e-5, LogitScale: 100,
		BatchSeconds: 0.5, DataSeconds: 0.125, PairsPerSecond: 16}
}

func logSteps(t *testing.T, l *Logger, phase string, from, to int) {
	t.Helper()
	for step := from; step <= to; step++ {
		if err := l.Step(record(phase, step)); err != nil {
			t.Fatal(err)
		}
	}
}

// positions lists the steps in a run folder's metrics.jsonl as phase:step.
func positions(t *testing.T, dir string) []string {
	t.Helper()
	steps, _, err := Read(filepath.Join(dir, LinesFile))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range steps {
		out = append(out, fmt.Sprintf("%s:%d", r.Phase, r.Step))
	}
	return out
}

func TestRecordsAndEventsAreReadBack(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	want := record("stage-1", 3)
	want.Epoch, want.GradNorm = 2, 0.75
	event := Event{Name: "evaluation", Phase: "stage-1", Step: 3, Text: "R@1 12.5", Values: map[string]float64{"val/R@1": 12.5}}
	if err := l.Step(want); err != nil {
		t.Fatal(err)
	}
	if err := l.Event(event); err != nil {
		t.Fatal(err)
	}
	closeLogger(t, l)
	steps, events, err := Read(filepath.Join(dir, LinesFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 1 || steps[0] != want {
		t.Errorf("steps are %+v, want %+v", steps, want)
	}
	if len(events) != 1 || events[0].Text != event.Text || events[0].Values["val/R@1"] != 12.5 {
		t.Errorf("events are %+v, want %+v", events, event)
	}
}

func TestDivergedLossIsStillValidJSON(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	r := record("base", 1)
	r.Loss, r.GradNorm = math.NaN(), math.Inf(1)
	if err := l.Step(r); err != nil {
		t.Fatal(err)
	}
	closeLogger(t, l)
	content, _ := os.ReadFile(filepath.Join(dir, LinesFile))
	if !strings.Contains(string(content), `"loss":null`) {
		t.Errorf("line is %s", content)
	}
	steps, _, err := Read(filepath.Join(dir, LinesFile))
	if err != nil || !math.IsNaN(steps[0].Loss) {
		t.Errorf("loss read back is %v, error %v; want NaN", steps[0].Loss, err)
	}
}

func TestResumeCutsWhatCameAfterTheCheckpoint(t *testing.T) {
	cases := []struct {
		name string
		at   Position
		want []string
	}{
		{"in the last phase", Position{"stage-1", 2}, []string{"base:1", "base:2", "stage-1:1", "stage-1:2"}},
		{"at the start of the last phase", Position{"stage-1", 0}, []string{"base:1", "base:2"}},
		{"at the end of the phase before", Position{"base", 2}, []string{"base:1", "base:2"}},
		{"in the phase before", Position{"base", 1}, []string{"base:1"}},
		{"after the last line", Position{"stage-1", 4}, []string{"base:1", "base:2", "stage-1:1", "stage-1:2", "stage-1:3", "stage-1:4"}},
		{"from the start", Position{}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, Config{Dir: dir})
			logSteps(t, l, "base", 1, 2)
			logSteps(t, l, "stage-1", 1, 4)
			closeLogger(t, l)
			l = open(t, Config{Dir: dir, Resume: &c.at})
			if got := positions(t, dir); !slices.Equal(got, c.want) {
				t.Errorf("kept %v, want %v", got, c.want)
			}
			logSteps(t, l, "stage-2", 1, 1)
			closeLogger(t, l)
			if got, want := positions(t, dir), append(c.want, "stage-2:1"); !slices.Equal(got, want) {
				t.Errorf("went on to %v, want %v", got, want)
			}
		})
	}
}

func TestDamagedLastLineIsCut(t *testing.T) {
	for name, damage := range map[string]string{"half a line": `{"time":"2026-11-24T08:00:`, "zeros": "\x00\x00\x00\n"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, Config{Dir: dir})
			logSteps(t, l, "base", 1, 3)
			closeLogger(t, l)
			appendText(t, filepath.Join(dir, LinesFile), damage)
			l = open(t, Config{Dir: dir, Resume: &Position{"base", 3}})
			logSteps(t, l, "base", 4, 4)
			closeLogger(t, l)
			if got, want := positions(t, dir), []string{"base:1", "base:2", "base:3", "base:4"}; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestDamageBeforeTheLastLineIsAnError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, LinesFile)
	appendText(t, path, "{\"step\":1}\nnonsense\n{\"step\":3}\n")
	_, err := Open(Config{Dir: dir, Resume: &Position{"base", 3}})
	if err == nil || !strings.Contains(err.Error(), path+": line 2") {
		t.Errorf("error is %v, want one that names line 2", err)
	}
}

func TestNewRunRefusesAFolderWithMetrics(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	logSteps(t, l, "base", 1, 1)
	closeLogger(t, l)
	if _, err := Open(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), LinesFile) {
		t.Errorf("error is %v", err)
	}
}

func TestZeroConfigWritesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	l := open(t, Config{})
	logSteps(t, l, "base", 1, 2)
	l.Printf("hello")
	l.Progress("embed", 1, 2, "images")
	closeLogger(t, l)
	if entries, _ := os.ReadDir("."); len(entries) != 0 {
		t.Errorf("wrote %v", entries)
	}
}

func TestConsoleLineIsOpenClips(t *testing.T) {
	var out bytes.Buffer
	dir := t.TempDir()
	l := open(t, Config{Dir: dir, Console: &out, Every: 4})
	logSteps(t, l, "stage-1", 1, 10)
	closeLogger(t, l)
	var steps []string
	for line := range strings.Lines(out.String()) {
		steps = append(steps, strings.Fields(line[strings.Index(line, "Epoch: 0 ")+9:])[0])
	}
	if want := []string{"[1/10", "[4/10", "[8/10", "[10/10"}; !slices.Equal(steps, want) {
		t.Errorf("lines stand at %v, want %v", steps, want)
	}
	// Loss at step 4 is 1; its mean over steps 2 to 4 is (2 + 4/3 + 1)/3.
	want := "2026-11-24,08:00:04 | stage-1 | Train Epoch: 0 [4/10 (40%)] Data (t): 0.125 Batch (t): 0.500, 16/s LR: 1e-05 Logit Scale: 100.000 Loss: 1 (1.4444)\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("console is\n%s\nwithout\n%s", out.String(), want)
	}
	text, _ := os.ReadFile(filepath.Join(dir, LogFile))
	if string(text) != out.String() {
		t.Errorf("%s is\n%s\nwant the console's lines", LogFile, text)
	}
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
