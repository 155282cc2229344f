package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram is set where this test binary is started again to play the program.
const asProgram = "MCLCLIP_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "mclclip":
		becomeVictim()
		main()
	case "busy": // a command that is in the middle of a step: it does not look at its context
		ctx := untilSignal()
		os.Stdout.WriteString("started\n")
		<-ctx.Done()
		os.Stdout.WriteString("first signal\n")
		time.Sleep(time.Minute)
	}
	os.Exit(m.Run())
}

// start runs this test binary as a program with the given input; the returned reader is its standard output.
func start(t *testing.T, program, stdin string, args ...string) (*exec.Cmd, *bufio.Reader, *strings.Builder) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"="+program)
	var stderr strings.Builder
	c.Stderr = &stderr
	pipe, err := c.StdinPipe() // stays open: the program waits for more
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pipe.Close() })
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(pipe, stdin); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(stdout), &stderr
}

func expectLine(t *testing.T, stdout *bufio.Reader, want string) {
	t.Helper()
	if got, err := stdout.ReadString('\n'); got != want+"\n" {
		t.Fatalf("program said %q (%v), want %q", got, err, want)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	c, stdout, _ := start(t, "busy", "")
	expectLine(t, stdout, "started")
	c.Process.Signal(os.Interrupt)
	expectLine(t, stdout, "first signal")
	ended := make(chan error)
	go func() { ended <- c.Wait() }()
	var exit *exec.ExitError
	for deadline := time.After(20 * time.Second); ; {
		c.Process.Signal(os.Interrupt) // more than once: the handler goes a moment after the context has ended
		select {
		case err := <-ended:
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
				t.Errorf("program ended with %v, want by the signal", err)
			}
			return
		case <-deadline:
			t.Fatal("program went on")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestFirstSignalEndsACommandWith130(t *testing.T) {
	c, stdout, stderr := start(t, "mclclip", "cat\n", "tokenize")
	expectLine(t, stdout, "[2368]") // it is at work, and waits for the next line
	c.Process.Signal(os.Interrupt)
	io.Copy(io.Discard, stdout)
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != codeInterrupted {
		t.Errorf("program ended with %v, want exit code 130", err)
	}
	if got := stderr.String(); got != "mclclip: interrupted\n" {
		t.Errorf("stderr is %q", got)
	}
}
