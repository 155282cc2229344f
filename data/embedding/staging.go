package embedding

import (
	"errors"

	"github.com/mclclip/mclclip/internal/atomicfile"
)

// errAborted ends the making of a folder without a result.
var errAborted = errors.New("aborted")

// staging is a folder in the making: a temporary one that takes its name at commit. atomicfile.WriteDir wants to call, and a
// Writer wants to be called; a goroutine that waits for the verdict stands between the two.
type staging struct {
	tmp     string
	verdict chan error // nil: give it its name
	outcome chan error
}

// stage makes the temporary folder, or says at once why the folder dir cannot be made.
func stage(dir string) (*staging, error) {
	s := &staging{verdict: make(chan error), outcome: make(chan error, 1)}
	ready := make(chan string)
	go func() {
		s.outcome <- atomicfile.WriteDir(dir, func(tmp string) error {
			ready <- tmp
			return <-s.verdict
		})
	}()
	select {
	case s.tmp = <-ready:
		return s, nil
	case err := <-s.outcome:
		return nil, err
	}
}

// end completes the folder if err is nil, else removes it. It is called once.
func (s *staging) end(err error) error {
	s.verdict <- err
	return <-s.outcome
}
