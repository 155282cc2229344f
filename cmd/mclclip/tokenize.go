package main

import (
	"bufio"
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
	var context int
	return &cli.Command{
		Name:  "tokenize",
		Usage: "print the token ids of captions",
		Description: "Prints one JSON list of ids a line for each --text or, without any, for each line of standard input. The ids are those\n" +
			"of open_clip's tokenizer.",
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "text", Usage: "caption `TEXT`; may be repeated", Value: &texts},
			&cli.IntFlag{
				Name: "context-length", Destination: &context,
				Usage: "print rows of `N` ids as the text tower reads them, with start, end and padding, cut where they are too long; 0 prints the ids alone",
			},
		},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if context < 0 || context == 1 {
				return usageErrorf("--context-length %d: want 0, or at least 2 for start and end", context)
			}
			captions := lines(s.stdin)
			if len(texts) > 0 {
				captions = withoutError(texts)
			}
			return tokenize(s.stdout, captions, context)
		},
	}
}

func tokenize(w io.Writer, captions iter.Seq2[string, error], context int) error {
	t := tokenizer.New()
	out := bufio.NewWriter(w)
	row := make([]int32, context)
	for caption, err := range captions {
		if err != nil {
			return err
		}
		ids := row
		if context == 0 {
			ids = t.IDs(caption)
		} else {
			t.Row(row, caption)
		}
		text, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}

// lines yields the lines of r, however long they are, without their ends.
func lines(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for reader := bufio.NewReader(r); ; {
			line, err := reader.ReadString('\n')
			atEnd := errors.Is(err, io.EOF)
			if err != nil && !atEnd {
				yield("", err)
				return
			}
			if atEnd && line == "" || !yield(strings.TrimRight(line, "\r\n"), nil) || atEnd {
				return
			}
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
