package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// version is set by the linker: make build.
var version = "development"

const exitCodes = `Results go to standard output (--json: for programs), the log and the progress bar to standard error.

Exit codes:
    0  done
    1  error
    2  wrong use: a flag, a value or a command that does not exist
    3  done, but rows were skipped; the log says which and why
  130  interrupted; finetune has written a checkpoint to go on from`

// streams are what a command reads and writes.
type streams struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	program        string // as it was started, for commands that are suggested
}

// run carries out a command line and returns the exit code. All it has to say about an error is one line on stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := runApp(ctx, streams{stdin, stdout, stderr, args[0]}, args)
	code := exitCode(ctx, err)
	if code == codeInterrupted && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	if err != nil {
		fmt.Fprintf(stderr, "mclclip: %s\n", oneLine(err))
	}
	return code
}

// runApp carries out a command line. The words of it stay at hand for what is said about wrong use.
func runApp(ctx context.Context, s streams, args []string) error {
	app, args := newApp(s), resumeLatest(args)
	app.Metadata = map[string]any{wordsKey: args}
	return app.RunContext(ctx, args)
}

// oneLine is the text of an error that may be several joined ones.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
}

func newApp(s streams) *cli.App {
	app := &cli.App{
		Name:                      "mclclip",
		Usage:                     "fine-tune CLIP in stages, measure it, export its embeddings",
		Description:               exitCodes,
		Version:                   version,
		Reader:                    s.stdin,
		Writer:                    s.stdout,
		ErrWriter:                 s.stderr,
		DisableSliceFlagSeparator: true, // a comma may be part of a file name
		ExitErrHandler:            func(*cli.Context, error) {},
		Commands: []*cli.Command{
			finetuneCommand(s),
			mmvpCommand(s),
			integrateCommand(s),
			exportCommand(s),
			blendCommand(s),
			reportCommand(s),
			dataCommand(s),
			benchCommand(s),
			tokenizeCommand(s),
			doctorCommand(s),
		},
		Action:       group,
		OnUsageError: onUsageError,
	}
	prepare(app.Commands)
	return app
}

// prepare gives every command the same treatment of wrong use.
func prepare(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		c.HideHelpCommand = true
		c.Before = refuseRepeats
		if c.Action == nil {
			c.Action = group
		}
		prepare(c.Subcommands)
	}
}

// group is the action of what only holds further commands: help, or the complaint about a command that does not exist.
func group(c *cli.Context) error {
	name := c.Args().First()
	if name == "" {
		return cli.ShowSubcommandHelp(c)
	}
	var names []string
	for _, command := range c.Command.Subcommands {
		names = append(names, command.Name)
	}
	return usageErrorf("unknown command %q%s; see %s --help", name, didYouMean(name, names), c.Command.HelpName)
}
