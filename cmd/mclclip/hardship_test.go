package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mclclip/mclclip/checkpoint"
	"github.com/mclclip/mclclip/internal/testneed"
	"github.com/mclclip/mclclip/train/metrics"
)

// Whatever stops a run, what it said is one line, and given what it lacked it goes on to the bytes of one that was left alone.
func TestARunThatWasStoppedGoesOn(t *testing.T) {
	x := startTorture(t)
	for name, stop := range map[string]func(t *testing.T, x *torture, run string){
		"by SIGTERM":                         func(t *testing.T, x *torture, run string) { signalled(t, x, run, syscall.SIGTERM) },
		"by Ctrl-C":                          func(t *testing.T, x *torture, run string) { signalled(t, x, run, syscall.SIGINT) },
		"by a second Ctrl-C":                 signalledTwice,
		"by a limit of file sizes":           limitedFiles,
		"by too few file handles":            fewHandles,
		"by a full disk":                     fullDisk,
		"by a folder that cannot be written": readOnly,
		"beside another run":                 besideAnother,
		"by a shard that is gone":            func(t *testing.T, x *torture, run string) { changedShard(t, x, run, "gone", os.Remove) },
		"by a shard that changed": func(t *testing.T, x *torture, run string) {
			changedShard(t, x, run, "changed", func(path string) error { return os.Truncate(path, 2000) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			stop(t, x, run)
			if code, said := x.finetune(t.Context(), run); code != codeDone {
				t.Fatalf("the run that goes on: exit code %d, %s", code, said)
			}
			if list := x.differences(t, run); len(list) > 0 {
				t.Error(list)
			}
		})
	}
}

// background starts the run and returns when its base model has trained a few steps.
func background(t *testing.T, x *torture, run string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], x.args(run)...)
	c.Env = append(os.Environ(), asProgram+"=mclclip")
	c.Stderr = &bytes.Buffer{}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		lines, _ := os.ReadFile(filepath.Join(run, metrics.LinesFile))
		if bytes.Count(lines, []byte(`"loss"`)) >= 3 {
			return c
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the run does not train")
	return nil
}

// ended waits for a process and returns its exit code, or minus the signal that ended it.
func ended(t *testing.T, c *exec.Cmd) int {
	t.Helper()
	err := c.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return codeDone
	case !errors.As(err, &exit):
		t.Fatal(err)
	case exit.Sys().(syscall.WaitStatus).Signaled():
		return -int(exit.Sys().(syscall.WaitStatus).Signal())
	}
	return exit.ExitCode()
}

func signalled(t *testing.T, x *torture, run string, signal os.Signal) {
	c := background(t, x, run)
	start := time.Now()
	if err := c.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	code, took := ended(t, c), time.Since(start)
	t.Logf("ended %v after the signal", took)
	if code != codeInterrupted || took > 10*time.Second {
		t.Fatalf("exit code %d after %v, want 130 within 10 s; %s", code, took, c.Stderr)
	}
	steps := stepsOf(t, run)
	last := steps[len(steps)-1]
	path, warnings, err := checkpoint.Latest(filepath.Join(run, "stage-0", "checkpoints"))
	step, _ := checkpoint.StepOf(path)
	if err != nil || len(warnings) > 0 || step != last.Step || last.Phase != "base" {
		t.Errorf("the newest checkpoint is %q (%v, %v), want that of the last step, %s %d", path, warnings, err, last.Phase, last.Step)
	}
}

func signalledTwice(t *testing.T, x *torture, run string) {
	c := background(t, x, run)
	done := make(chan int, 1)
	go func() { done <- ended(t, c) }()
	for {
		_ = c.Process.Signal(os.Interrupt) // it may have ended
		select {
		case code := <-done:
			if code != -int(syscall.SIGINT) && code != codeInterrupted {
				t.Fatalf("ended with %d, want by the signal, or with 130 where it was faster; %s", code, c.Stderr)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// limited runs the program under limits of the shell's ulimit and wants it to fail with one line that holds want.
func limited(t *testing.T, x *torture, run, limit, want string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "sh", append([]string{"-c", "ulimit " + limit + ` && exec "$0" "$@"`, os.Args[0]}, x.args(run)...)...)
	c.Env = append(os.Environ(), asProgram+"=mclclip")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	code := ended(t, c)
	wantLine(t, code, stderr.String(), want)
}

// wantLine checks that a program failed, and that its last line is the only one about it.
func wantLine(t *testing.T, code int, stderr, want string) {
	t.Helper()
	lines := strings.Split(strings.TrimRight(stderr, "\n"), "\n")
	last := lines[len(lines)-1]
	if code != codeError || !strings.HasPrefix(last, "mclclip: ") || !strings.Contains(last, want) || strings.Contains(stderr, "goroutine ") {
		t.Fatalf("exit code %d, last line %q, want 1 and a word on %q; all of it:\n%s", code, last, want, stderr)
	}
	t.Log(last)
}

// The tiny model's checkpoint has a file of 13 MB and one of 26 MB.
func limitedFiles(t *testing.T, x *torture, run string) {
	limited(t, x, run, "-f 20000", "file too large")
	if steps, err := checkpoint.List(filepath.Join(run, "stage-0", "checkpoints")); err != nil || len(steps) > 0 {
		t.Errorf("there are checkpoints of %v (%v), want none", steps, err)
	}
}

func fewHandles(t *testing.T, x *torture, run string) {
	limited(t, x, run, "-n 9", "too many open files")
}

func fullDisk(t *testing.T, x *torture, run string) {
	mountTmpfs(t, run, "size=56m") // a checkpoint takes 41 MB
	c := exec.CommandContext(t.Context(), os.Args[0], x.args(run)...)
	c.Env = append(os.Environ(), asProgram+"=mclclip")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	wantLine(t, ended(t, c), stderr.String(), "no space left on device")
	path, warnings, err := checkpoint.Latest(filepath.Join(run, "stage-0", "checkpoints"))
	if step, _ := checkpoint.StepOf(path); err != nil || len(warnings) > 0 || step != 4 {
		t.Errorf("the newest checkpoint is %q (%v, %v), want the first one, of step 4", path, warnings, err)
	}
	if err := syscall.Mount("none", run, "tmpfs", syscall.MS_REMOUNT, "size=400m"); err != nil {
		t.Fatal(err)
	}
}

func mountTmpfs(t *testing.T, dir, options string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("none", dir, "tmpfs", 0, options)
	testneed.Require(t, "mount", err == nil, "run the test as a user who may mount a tmpfs")
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
}

func readOnly(t *testing.T, x *torture, run string) {
	mountTmpfs(t, run, "size=400m")
	signalled(t, x, run, os.Interrupt)
	if err := syscall.Mount("none", run, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	code, said := x.finetune(t.Context(), run)
	wantLine(t, code, said, "read-only file system")
	if err := syscall.Mount("none", run, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
}

// The other run is stopped by SIGSTOP meanwhile, so that it is alive for certain.
func besideAnother(t *testing.T, x *torture, run string) {
	c := background(t, x, run)
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	code, said := x.finetune(t.Context(), run)
	wantLine(t, code, said, "another process writes to this run")
	if err := errors.Join(c.Process.Signal(syscall.SIGCONT), c.Process.Signal(syscall.SIGTERM)); err != nil {
		t.Fatal(err)
	}
	if code := ended(t, c); code != codeInterrupted {
		t.Fatalf("the other run ended with %d, want 130", code)
	}
}

// changedShard changes a shard while the run is stopped by SIGSTOP in its first epoch, and puts it back when the run has ended.
func changedShard(t *testing.T, x *torture, run, want string, change func(path string) error) {
	c := background(t, x, run)
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	shards, err := filepath.Glob(filepath.Join(x.pairs, "train-*.parquet"))
	if err != nil || len(shards) != 2 {
		t.Fatalf("shards %v (%v)", shards, err)
	}
	whole, err := os.ReadFile(shards[1])
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.WriteFile(shards[1], whole, 0o666); err != nil {
			t.Fatal(err)
		}
	}()
	if err := errors.Join(change(shards[1]), c.Process.Signal(syscall.SIGCONT)); err != nil {
		t.Fatal(err)
	}
	code := ended(t, c)
	wantLine(t, code, fmt.Sprint(c.Stderr), want)
	if !strings.Contains(fmt.Sprint(c.Stderr), "a checkpoint of step") {
		t.Error("it does not say that a checkpoint was written")
	}
}
