package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Position is where a checkpoint stands: the phase and the steps done in it. The zero value is the start of the run.
type Position struct {
	Phase string
	Step  int
}

// Read returns the steps and the events of a metrics.jsonl, each in order. A damaged last line, the trace of a killed
// process, is left out; damage elsewhere is an error.
func Read(path string) (steps []Record, events []Event, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	_, err = wholeLines(path, content, func(l anyLine) bool {
		if l.Event == "" {
			steps = append(steps, l.record())
		} else {
			events = append(events, l.event())
		}
		return true
	})
	return steps, events, err
}

// openLines opens a metrics.jsonl for appending. Without a position the run is new, and a file with content is an error;
// with one, the lines after it are cut.
func openLines(path string, resume *Position) (*os.File, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if resume == nil && len(content) > 0 {
		return nil, fmt.Errorf("%s holds the metrics of another run; resume that run or choose another folder", path)
	}
	keep := 0
	if resume != nil {
		if keep, err = lengthUpTo(path, content, *resume); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	if keep < len(content) {
		if err := file.Truncate(int64(keep)); err != nil {
			file.Close()
			return nil, err
		}
	}
	return file, nil
}

// lengthUpTo returns the length of the part of content that was written up to the position. The lines are in the order of
// the run, so that everything from the first line beyond the position on goes: a later step of its phase, or, once its
// phase has begun, a line of another phase.
func lengthUpTo(path string, content []byte, at Position) (int, error) {
	begun := at.Phase == ""
	return wholeLines(path, content, func(l anyLine) bool {
		if l.Phase == at.Phase && at.Phase != "" {
			begun = true
			return l.Step <= at.Step
		}
		return !begun || l.Phase == "" && at.Phase != ""
	})
}

// wholeLines calls visit with each line until it returns false, and returns the length of the visited part.
func wholeLines(path string, content []byte, visit func(anyLine) bool) (length int, err error) {
	for number := 1; length < len(content); number++ {
		text, rest, whole := bytes.Cut(content[length:], []byte("\n"))
		if !whole {
			return length, nil
		}
		var l anyLine
		if err := json.Unmarshal(text, &l); err != nil {
			if len(rest) == 0 {
				return length, nil
			}
			return length, fmt.Errorf("%s: line %d: %w; mend or delete the line", path, number, err)
		}
		if !visit(l) {
			return length, nil
		}
		length += len(text) + 1
	}
	return length, nil
}

// appendLine writes the object and its newline in one call, so that a killed process leaves whole lines or the start of one.
func appendLine(w io.Writer, object any) error {
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
