package metrics

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The names inside a run folder.
const (
	LinesFile = "metrics.jsonl"
	LogFile   = "log.txt"
	BoardDir  = "tensorboard"
)

// Config says where a Logger writes. The zero value is a Logger that writes nothing, for the processes of a distributed
// run that are not the first.
type Config struct {
	Dir     string    // run folder, made if missing; "" writes no files
	Resume  *Position // position of the checkpoint that the run goes on from; nil for a new run
	Console io.Writer // usually standard error; nil is silent. A terminal gets a progress bar.
	Every   int       // steps from one console line to the next; 0 means 10
}

// Logger writes records and events to all its outputs. Its methods may be called from several goroutines.
type Logger struct {
	mu      sync.Mutex
	lines   *os.File
	text    *os.File
	board   *board
	console *console
	now     func() time.Time
	every   int
	recent  recent // steps since the last line
	err     error  // first failed write of a text line
}

// Open makes a Logger. It returns an error when the run folder holds metrics and cfg.Resume is nil.
func Open(cfg Config) (*Logger, error) {
	l := &Logger{now: time.Now, every: cmp.Or(cfg.Every, 10), console: newConsole(cfg.Console)}
	if cfg.Dir == "" {
		return l, nil
	}
	if err := os.MkdirAll(cfg.Dir, 0o777); err != nil {
		return nil, err
	}
	var err error
	if l.lines, err = openLines(filepath.Join(cfg.Dir, LinesFile), cfg.Resume); err != nil {
		return nil, err
	}
	l.text, err = os.OpenFile(filepath.Join(cfg.Dir, LogFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		l.lines.Close()
		return nil, err
	}
	l.board = newBoard(filepath.Join(cfg.Dir, BoardDir), cfg.Resume)
	return l, nil
}

// Step records one optimisation step. Each goes to metrics.jsonl and TensorBoard; the console gets a line for the first,
// the last and each cfg.Every-th step of a phase, with the means since the line before.
func (l *Logger) Step(r Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if err := l.keep(r.line(now), r.Phase, r.Step, r.scalars(), now); err != nil {
		return err
	}
	l.recent.add(r)
	l.console.step(r, now)
	if r.Step == 1 || r.Step == r.Steps || r.Step%l.every == 0 {
		l.write(l.recent.line(r), now, !l.console.terminal)
		l.recent = recent{}
	}
	return l.err
}

// Event records something that is not a step.
func (l *Logger) Event(e Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if err := l.keep(e.line(now), e.Phase, e.Step, sortedScalars(e.Values), now); err != nil {
		return err
	}
	if e.Text != "" {
		l.write(e.Text, now, true)
	}
	return l.err
}

// Printf writes a line for people to the console and to log.txt. A failed write is returned by the next call that returns
// an error.
func (l *Logger) Printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(fmt.Sprintf(format, args...), l.now(), true)
}

// Progress shows how far a pass that is not training has come, for instance Progress("embed stage-1", 300, 1000, "images"):
// a bar on a terminal, elsewhere a line every ten seconds and one at the end.
func (l *Logger) Progress(label string, done, total int64, unit string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if text := l.console.progress(label, done, total, unit, now); text != "" {
		l.write(text, now, !l.console.terminal)
	}
}

// Close ends the bar and closes the files.
func (l *Logger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.console.endBar()
	if l.lines == nil {
		return l.err
	}
	return errors.Join(l.err, l.lines.Close(), l.text.Close(), l.board.close())
}

func (l *Logger) keep(object any, phase string, step int, scalars []scalar, now time.Time) error {
	if l.lines == nil {
		return nil
	}
	if err := appendLine(l.lines, object); err != nil {
		return err
	}
	if len(scalars) == 0 {
		return nil
	}
	return l.board.add(phase, step, scalars, now)
}

// write sends a line to log.txt and, if it is meant for it, to the console.
func (l *Logger) write(text string, now time.Time, toConsole bool) {
	stamped := now.Format("2006-01-02,15:04:05") + " | " + text + "\n"
	if l.text != nil {
		_, err := io.WriteString(l.text, stamped)
		l.err = cmp.Or(l.err, err)
	}
	if toConsole {
		l.console.print(stamped)
	}
}
