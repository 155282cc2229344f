package metrics

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestBarFitsItsWidth(t *testing.T) {
	details := []string{"3/10", "loss 0.4", "left 7s"}
	cases := []struct {
		width int
		want  string
	}{
		{200, "train base  50% [" + strings.Repeat("=", 20) + strings.Repeat(" ", 20) + "]  3/10  loss 0.4  left 7s"},
		{80, "train base  50% [" + strings.Repeat("=", 18) + strings.Repeat(" ", 19) + "]  3/10  loss 0.4  left 7s"}, // 15+3+25 columns are text
		{51, "train base  50% [====    ]  3/10  loss 0.4  left 7s"},
		{50, "train base  50%  3/10  loss 0.4  left 7s"},
		{40, "train base  50%  3/10  loss 0.4  left 7s"},
		{39, "train base  50%  3/10  loss 0.4"},
		{12, "train base  "},
		{0, ""},
	}
	for _, c := range cases {
		got := renderBar(c.width, "train base", 0.5, details)
		if got != c.want {
			t.Errorf("width %d: got %q (%d), want %q", c.width, got, len(got), c.want)
		}
		if len(got) > c.width {
			t.Errorf("width %d: %q is %d wide", c.width, got, len(got))
		}
	}
}

// terminal makes the logger believe in a terminal of 100 columns.
func terminal(l *Logger) {
	l.console.terminal = true
	l.console.width = func() int { return 100 }
}

func TestMessagesStandAboveTheBar(t *testing.T) {
	var out bytes.Buffer
	l := open(t, Config{Console: &out})
	terminal(l)
	logSteps(t, l, "stage-1", 1, 2)
	l.Printf("checkpoint written")
	closeLogger(t, l)
	lines := screen(out.String())
	if len(lines) != 2 || !strings.HasSuffix(lines[0], "checkpoint written") || !strings.HasPrefix(lines[1], "train stage-1  20% [===") {
		t.Errorf("the terminal shows\n%s", strings.Join(lines, "\n"))
	}
	for _, want := range []string{"2/10", "loss 2", "16 pairs/s", "25% waiting for data", "left "} {
		if !strings.Contains(lines[1], want) {
			t.Errorf("bar %q lacks %q", lines[1], want)
		}
	}
}

func TestTimeLeftComesFromThisProcess(t *testing.T) {
	var out bytes.Buffer
	l := open(t, Config{Console: &out})
	terminal(l)
	logSteps(t, l, "base", 5, 8) // resumed at step 4; half a second for the first step, then a step a second
	closeLogger(t, l)
	// Four steps took 3.5 s, so the other two take 1.75 s. Counted from step 0 it would be 0.875 s.
	if lines := screen(out.String()); !strings.Contains(lines[0], "left 2s") {
		t.Errorf("the terminal shows %q, want 2s left", lines)
	}
}

func TestProgressOffATerminalIsALineEachTenSeconds(t *testing.T) {
	var out bytes.Buffer
	l := open(t, Config{Console: &out})
	for done := range int64(26) { // a call a second
		l.Progress("embed base", done, 25, "images")
	}
	closeLogger(t, l)
	lines := screen(out.String())
	if len(lines) != 3 || !strings.Contains(lines[0], "embed base: 10/25 images (40%), 1/s, left 15s") || !strings.HasSuffix(lines[2], "embed base: 25/25 images (100%), 1/s") {
		t.Errorf("lines are\n%s", strings.Join(lines, "\n"))
	}
}

// A pass that is over at once has no speed that is worth a word.
func TestAQuickPassHasNoRate(t *testing.T) {
	for _, onTerminal := range []bool{false, true} {
		var out bytes.Buffer
		l := open(t, Config{Console: &out})
		if onTerminal {
			terminal(l)
		}
		l.Progress("check", 80, 80, "pairs")
		closeLogger(t, l)
		if text := out.String(); strings.Contains(text, "/s") || !strings.Contains(text, "80/80 pairs") {
			t.Errorf("terminal %v: wrote %q", onTerminal, text)
		}
	}
}

func TestBarIsRedrawnTenTimesASecondAtMost(t *testing.T) {
	var out bytes.Buffer
	l := open(t, Config{Console: &out})
	terminal(l)
	clock := time.Unix(1_790_000_000, 0)
	l.now = func() time.Time { clock = clock.Add(time.Millisecond); return clock }
	for done := range int64(1001) {
		l.Progress("scan", done, 1000, "rows")
	}
	if n := strings.Count(out.String(), "\r"); n < 9 || n > 12 {
		t.Errorf("drawn %d times in a second, want about 10", n)
	}
}

// screen interprets what was written as a terminal does, as far as the bar needs it, and returns the lines.
func screen(written string) []string {
	var lines []string
	for line := range strings.Lines(written) {
		if i := strings.LastIndex(line, "\r\x1b[K"); i >= 0 {
			line = line[i+len("\r\x1b[K"):]
		}
		lines = append(lines, strings.TrimRight(line, "\n"))
	}
	return lines
}
