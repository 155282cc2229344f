package train

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/internal/fault"
	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// saver writes checkpoints beside training, one at a time.
type saver struct {
	result  chan error // of the write under way; nil: there is none
	skipped bool       // a checkpoint was due while another was being written
}

// busy reports whether a write is under way. The error is that of one that has ended.
func (s *saver) busy() (bool, error) {
	if s.result == nil {
		return false, nil
	}
	select {
	case err := <-s.result:
		s.result = nil
		return false, err
	default:
		return true, nil
	}
}

// start runs write in the background; no other may be under way.
func (s *saver) start(write func() error) {
	result := make(chan error, 1)
	s.result = result
	go func() { result <- write() }()
}

// wait waits for the write under way and returns its error.
func (s *saver) wait() error {
	if s.result == nil {
		return nil
	}
	err := <-s.result
	s.result = nil
	return err
}

// saveBeside copies the state to the host and writes it while training goes on. While an earlier checkpoint is still being
// written, or the last step was not applied, it does nothing but remember that one is due.
func (t *Trainer) saveBeside(phase Phase, due bool) error {
	busy, err := t.saver.busy()
	if err != nil {
		return err
	}
	if t.saver.skipped = t.saver.skipped || due; busy || t.bad > 0 || !t.saver.skipped {
		return nil
	}
	t.saver.skipped = false
	write, err := t.copied(phase)
	if err != nil {
		return err
	}
	t.saver.start(write)
	return nil
}

// save writes a checkpoint of this moment and returns when it is on the disk.
func (t *Trainer) save(phase Phase) error {
	defer t.trace.Begin("checkpoint")()
	earlier := t.saver.wait()
	write, err := t.copied(phase)
	if err == nil {
		err = write()
	}
	if err != nil {
		return err
	}
	if earlier != nil { // what is on the disk now is newer
		phase.Log.Printf("%s: a checkpoint on the way could not be written: %v; that of step %d was", phase.Name, earlier, t.done)
	}
	return nil
}

// alsoFailed is an error of training, nil if there was none, with that of a write beside it, in one line.
func alsoFailed(err, write error) error {
	if err == nil {
		return write
	}
	return fmt.Errorf("%w; and a checkpoint could not be written: %w", err, write)
}

// copied copies the state to the host; the function that it returns writes the copy, and may run beside training.
func (t *Trainer) copied(phase Phase) (write func() error, err error) {
	defer torch.Recover(&err)
	defer t.trace.Begin("checkpoint")()
	start := time.Now()
	state, err := t.state(phase)
	if err != nil {
		return nil, err
	}
	copying, bests := time.Since(start), t.bests()
	fault.Point("train.copied")
	return func() error {
		start := time.Now()
		if name := notFinite(state.Tensors); name != "" {
			err := fmt.Errorf("%s: %s is not finite after step %d, which is not saved; %w", phase.Name, name, state.Step, errDiverged)
			return goOnBefore(phase, err)
		}
		if _, err := checkpoint.Save(phase.Dir, state); err != nil {
			return err
		}
		values := map[string]float64{"copy_seconds": copying.Seconds(), "write_seconds": time.Since(start).Seconds()}
		if err := phase.Log.Event(metrics.Event{Name: "checkpoint", Phase: phase.Name, Step: state.Step, Values: values}); err != nil {
			return err
		}
		return checkpoint.Prune(phase.Dir, t.cfg.Keep, bests...)
	}, nil
}

// notFinite returns the name of the first float32 tensor with an infinite value or a NaN, "" for none. A checkpoint of such
// weights could only take the place of a good one.
func notFinite(tensors []safetensors.Tensor) string {
	const exponent = 0x7f800000
	for _, t := range tensors {
		if t.DType != "F32" {
			continue
		}
		for i := 0; i+4 <= len(t.Data); i += 4 {
			if binary.LittleEndian.Uint32(t.Data[i:])&exponent == exponent {
				return t.Name
			}
		}
	}
	return ""
}
