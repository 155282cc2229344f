package metrics

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// board writes TensorBoard event files, a folder for each phase, so that TensorBoard draws the phases over each other.
type board struct {
	dir    string
	resume *Position
	files  map[string]*os.File // by phase
}

func newBoard(dir string, resume *Position) *board {
	return &board{dir: dir, resume: resume, files: map[string]*os.File{}}
}

// add appends the scalars of a step to the phase's file. Each event is one write, so that a killed process loses no more
// than the last.
func (b *board) add(phase string, step int, scalars []scalar, now time.Time) error {
	file := b.files[phase]
	if file == nil {
		var err error
		if file, err = b.open(phase, now); err != nil {
			return err
		}
		b.files[phase] = file
	}
	_, err := file.Write(frame(scalarEvent(now, step, scalars)))
	return err
}

// open starts a new file for the phase. In a resumed run it begins with the mark that drops the points after the
// checkpoint: those of the checkpoint's phase beyond its step, and all of the other phases that run again.
func (b *board) open(phase string, now time.Time) (*os.File, error) {
	dir := filepath.Join(b.dir, phase)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	name, err := fileName(dir, now)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	head := frame(versionEvent(now))
	if b.resume != nil {
		first := 0
		if phase == b.resume.Phase {
			first = b.resume.Step + 1
		}
		head = append(head, frame(restartEvent(now, first))...)
	}
	if _, err := file.Write(head); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// fileName returns a name that sorts after the files of the folder: TensorBoard reads them in the order of their names,
// and a run may be resumed within a second or after a clock went back.
func fileName(dir string, now time.Time) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	stamp := now.Unix()
	for _, entry := range entries {
		var earlier int64
		if _, err := fmt.Sscanf(entry.Name(), "events.out.tfevents.%d", &earlier); err == nil {
			stamp = max(stamp, earlier+1)
		}
	}
	return fmt.Sprintf("events.out.tfevents.%010d.mclclip", stamp), nil
}

func (b *board) close() error {
	var errs []error
	for _, file := range b.files {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}
