package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/data/inspect"
	"github.com/mclclip/mclclip/text/tokenizer"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/vision/preprocess"
)

func inspectCommand(s streams) *cli.Command {
	var pairs pairsFlags
	var asJSON bool
	length := 77
	return &cli.Command{
		Name:        "inspect",
		Usage:       "look into Parquet shards: columns, sizes, captions that will be cut, duplicates, rows that cannot be used and why",
		Description: "Decodes every image once, as a run does before it starts.",
		Flags: append(pairs.flags(),
			&cli.IntFlag{Name: "context-length", Usage: "tokens beyond which a caption is cut", Value: length, Destination: &length},
			jsonFlag(&asJSON),
		),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if length < 2 {
				return usageErrorf("--context-length %d: want at least 2 for start and end", length)
			}
			return inspectPairs(c.Context, s, &pairs, length, asJSON)
		},
	}
}

func inspectPairs(ctx context.Context, s streams, pairs *pairsFlags, length int, asJSON bool) error {
	source, err := pairs.open()
	if err != nil {
		return err
	}
	p, err := preprocess.New(preprocess.DefaultConfig(checkSize))
	if err != nil {
		return err
	}
	log, err := metrics.Open(metrics.Config{Console: s.stderr})
	if err != nil {
		return err
	}
	t := tokenizer.New()
	report, err := inspect.Run(ctx, source, inspect.Config{
		Check: p.Check, Reason: preprocess.Reason,
		Tokens: func(caption string) int { return len(t.IDs(caption)) + 2 }, Context: length,
		Progress: func(done, total int64) { log.Progress("scan", done, total, "rows") },
	})
	log.Close()
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(s.stdout, report)
	}
	return report.WriteTable(s.stdout)
}
