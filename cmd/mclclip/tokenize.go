package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/text/tokenizer"
)

func tokenizeCommand(s streams) *cli.Command {
	var texts list
	var length int
	return &cli.Command{
		Name:  "tokenize",
		Usage: "print the token ids of captions",
		Description: "Prints one JSON list of ids a line for each --text or, without any, for each line of standard input. The ids are those\n" +
			"of open_clip's tokenizer.",
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "text", Usage: "caption `TEXT`; may be repeated", Value: &texts},
			&cli.IntFlag{
				Name: "context-length", Destination: &length,
				Usage: "print rows of `N` ids as the text tower reads them, with start, end and padding, cut where they are too long; 0 prints the ids alone",
			},
		},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if length < 0 || length == 1 {
				return usageErrorf("--context-length %d: want 0, or at least 2 for start and end", length)
			}
			captions := lines(c.Context, s.stdin)
			if len(texts) > 0 {
				captions = withoutError(texts)
			}
			return tokenize(s.stdout, captions, length)
		},
	}
}

func tokenize(w io.Writer, captions iter.Seq2[string, error], length int) error {
	t := tokenizer.New()
	row := make([]int32, length)
	for caption, err := range captions {
		if err != nil {
			return err
		}
		ids := row
		if length == 0 {
			ids = t.IDs(caption)
		} else {
			t.Row(row, caption)
		}
		text, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(text, '\n')); err != nil { // at once, for whoever types or waits for the answer
			return err
		}
	}
	return nil
}

// input is a line of a reader, or the error that ended it.
type input struct {
	line string
	err  error
}

// lines yields the lines of r, however long they are, without their ends. It stops with ctx, although a read that waits for
// a terminal cannot be stopped: the goroutine that reads is left behind then.
func lines(ctx context.Context, r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		inputs := make(chan input)
		go readLines(ctx, r, inputs)
		for {
			select {
			case next, more := <-inputs:
				if !more || !yield(next.line, next.err) {
					return
				}
			case <-ctx.Done():
				yield("", ctx.Err())
				return
			}
		}
	}
}

func readLines(ctx context.Context, r io.Reader, to chan<- input) {
	defer close(to)
	reader := bufio.NewReader(r)
	for {
		line, err := reader.ReadString('\n')
		atEnd := errors.Is(err, io.EOF)
		if atEnd && line == "" {
			return
		}
		next := input{line: strings.TrimRight(line, "\r\n")}
		if !atEnd {
			next.err = err
		}
		select {
		case to <- next:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func withoutError(texts []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, text := range texts {
			if !yield(text, nil) {
				return
			}
		}
	}
}
