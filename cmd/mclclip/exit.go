package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"
)

// The exit codes; the table in --help says what they mean.
const (
	codeDone        = 0
	codeError       = 1
	codeUsage       = 2
	codeSkipped     = 3
	codeInterrupted = 130
)

// exitError is an error that chooses the exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }

func (e *exitError) Unwrap() error { return e.err }

// usageErrorf makes the error of a command line that cannot be meant: it names the flag and the cure.
func usageErrorf(format string, args ...any) error {
	return &exitError{codeUsage, fmt.Errorf(format, args...)}
}

// skippedErrorf makes the error of a command that is done but left rows out.
func skippedErrorf(format string, args ...any) error {
	return &exitError{codeSkipped, fmt.Errorf(format, args...)}
}

// wereOf counts what something happened to, as in "1 row was" and "2 rows were".
func wereOf[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one + " was"
	}
	return fmt.Sprintf("%d %s were", n, many)
}

// counted counts things, as in "1 pair" and "2 pairs".
func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func exitCode(ctx context.Context, err error) int {
	var chosen *exitError
	var coder cli.ExitCoder // urfave/cli's own, for instance of "help" with a topic that is not there
	switch {
	case err == nil:
		return codeDone
	case errors.As(err, &chosen):
		return chosen.code
	case errors.As(err, &coder):
		return codeUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return codeInterrupted
	}
	return codeError
}
