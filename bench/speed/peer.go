package speed

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Round is what one side tells of one round of work.
type Round struct {
	Items   float64   `json:"items"` // in the unit of the work
	Seconds float64   `json:"seconds"`
	CPU     float64   `json:"cpu_seconds"`      // of the process and of its children that have ended
	Memory  int64     `json:"peak_rss_bytes"`   // since the start of the process
	Values  []float64 `json:"values,omitempty"` // what was computed, to compare
}

// ask is the line that makes a side do a round.
const ask = "round"

// Serve is the loop of a side: it does a round for each line that it reads and answers with a line of JSON.
func Serve(in io.Reader, out io.Writer, round func() (Round, error)) error {
	lines, answers := bufio.NewScanner(in), json.NewEncoder(out)
	if _, err := fmt.Fprintln(out, "{}"); err != nil { // ready
		return err
	}
	for lines.Scan() {
		if lines.Text() != ask {
			return fmt.Errorf("unknown request %q, want %q", lines.Text(), ask)
		}
		r, err := round()
		if err != nil {
			return err
		}
		if err := answers.Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

// Measure runs a round of work and adds time and memory to what it returns.
func Measure(work func() (Round, error)) (Round, error) {
	cpu, start := cpuSeconds(), time.Now()
	r, err := work()
	r.Seconds, r.CPU = time.Since(start).Seconds(), cpuSeconds()-cpu
	if r.Memory == 0 {
		r.Memory = peakMemory()
	}
	return r, err
}

// cpuSeconds is the processor time of this process and of its children that have ended.
func cpuSeconds() float64 {
	sum := 0.0
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if syscall.Getrusage(who, &usage) == nil {
			sum += time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
		}
	}
	return sum
}

// peakMemory is the most memory that this process has held; 0 where the system does not tell.
func peakMemory() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, _ := strconv.ParseInt(kilobytes, 10, 64)
	return n << 10
}

// Peer is a running side.
type Peer struct {
	name    string
	command *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
}

// Start runs the command of a side and waits until it is ready. Its standard error goes where the command's Stderr says.
func Start(name string, command *exec.Cmd) (*Peer, error) {
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &Peer{name: name, command: command, in: in, answers: json.NewDecoder(bufio.NewReader(out))}
	if err := p.answers.Decode(&struct{}{}); err != nil {
		return nil, p.failure(err)
	}
	return p, nil
}

// Round asks for one round.
func (p *Peer) Round() (r Round, err error) {
	if _, err := fmt.Fprintln(p.in, ask); err != nil {
		return r, p.failure(err)
	}
	if err := p.answers.Decode(&r); err != nil {
		return r, p.failure(err)
	}
	if !(r.Items > 0 && r.Seconds > 0) {
		return r, fmt.Errorf("%s: a round of %g items in %g s cannot be compared", p.name, r.Items, r.Seconds)
	}
	return r, nil
}

// Close ends the side.
func (p *Peer) Close() error {
	p.in.Close()
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// failure says how a side ended that no longer answers.
func (p *Peer) failure(err error) error {
	if ended := p.Close(); ended != nil {
		return ended
	}
	return fmt.Errorf("%s ended without an answer: %w", p.name, err)
}
