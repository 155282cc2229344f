package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/data/inspect"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/text/tokenizer"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// inspection is everything that the command line of mclclip data inspect says.
type inspection struct {
	pairs   pairsFlags
	length  int
	skipped string
	json    bool
}

func inspectCommand(s streams) *cli.Command {
	f := &inspection{length: 77}
	return &cli.Command{
		Name:        "inspect",
		Usage:       "look into Parquet shards: columns, sizes, captions that will be cut, duplicates, rows that cannot be used and why",
		Description: "Decodes every image once, as a run does before it starts. Exits with 3 if there are rows that cannot be used.",
		Flags: append(f.pairs.flags(),
			&cli.IntFlag{Name: "context-length", Usage: "tokens beyond which a caption is cut", Value: f.length, Destination: &f.length},
			&cli.StringFlag{Name: "skipped", Usage: "CSV `FILE` to write: every row that cannot be used, and why", Destination: &f.skipped},
			jsonFlag(&f.json),
		),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if f.length < 2 {
				return usageErrorf("--context-length %d: want at least 2 for start and end", f.length)
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *inspection) do(ctx context.Context, s streams) error {
	report, err := f.report(ctx, s)
	if err != nil {
		return err
	}
	if f.json {
		err = printJSON(s.stdout, report)
	} else {
		err = report.WriteTable(s.stdout)
	}
	if err != nil {
		return err
	}
	where := "--skipped FILE lists them"
	if f.skipped != "" {
		where = f.skipped + " lists them"
	}
	return skippedOf(report.Rows-report.Usable, report.Rows, report.Bad, where)
}

// report looks into the shards, and lists the bad rows in the file --skipped if it is given.
func (f *inspection) report(ctx context.Context, s streams) (report *inspect.Report, err error) {
	source, err := f.pairs.open()
	if err != nil {
		return nil, err
	}
	p, err := preprocess.New(preprocess.DefaultConfig(checkSize))
	if err != nil {
		return nil, err
	}
	log, err := metrics.Open(metrics.Config{Console: s.stderr})
	if err != nil {
		return nil, err
	}
	defer log.Close()
	t := tokenizer.New()
	config := inspect.Config{
		Check: p.Check, Reason: preprocess.Reason,
		Tokens: func(caption string) int { return len(t.IDs(caption)) + 2 }, Context: f.length,
		Progress: func(done, total int64) { log.Progress("scan", done, total, "rows") },
	}
	if f.skipped == "" {
		return inspect.Run(ctx, source, config)
	}
	err = atomicfile.WriteFile(f.skipped, func(w io.Writer) error {
		config.Skipped = w
		report, err = inspect.Run(ctx, source, config)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("--skipped: %w", err)
	}
	return report, nil
}
