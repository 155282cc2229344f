package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/data/emoji"
)

func emojiCommand(s streams) *cli.Command {
	var out string
	var sources list
	var asJSON bool
	cfg := emoji.DefaultConfig()
	flags := []cli.Flag{
		outFlag(&out),
		&cli.StringFlag{Name: "packages", Usage: "`FOLDER` with the unpacked packages; found in the cache, where make emoji puts them", Destination: &cfg.Packages},
		&cli.GenericFlag{Name: "source", Usage: "use only the drawings of this `SOURCE` (google, twitter, openmoji); may be repeated", Value: &sources},
		&cli.Uint64Flag{Name: "seed", Usage: "another seed holds out other emoji", Value: cfg.Seed, Destination: &cfg.Seed},
		&cli.IntFlag{Name: "held-out-percent", Usage: "share of the emoji that training never shows, besides those of the benchmark", Value: cfg.HeldOutPercent, Destination: &cfg.HeldOutPercent},
		&cli.IntFlag{Name: "pairs-per-pattern", Usage: "benchmark pairs for each pattern, at most", Value: cfg.PairsPerPattern, Destination: &cfg.PairsPerPattern},
		&cli.IntFlag{Name: "tags", Usage: "words after the name in a caption, at most", Value: cfg.Tags, Destination: &cfg.Tags},
		&cli.StringFlag{Name: "caption-prefix", Usage: "`TEXT` before every caption", Value: cfg.Prefix, Destination: &cfg.Prefix},
		&cli.IntFlag{Name: "rows-per-shard", Usage: "rows in a Parquet file", Value: cfg.RowsPerShard, Destination: &cfg.RowsPerShard},
		jsonFlag(&asJSON),
	}
	return &cli.Command{
		Name:  "emoji",
		Usage: "make pairs and a benchmark of published emoji: real drawings by three hands with human-written names",
		Description: "Writes training shards, shards of emoji that training never shows, and a benchmark of pairs that differ in essentially one\n" +
			"respect, in the layout of MMVP-VLM. The packages are fetched by make emoji. The same flags give the same files.",
		Flags: flags,
		Action: func(c *cli.Context) error {
			if len(sources) > 0 {
				cfg.Sources = sources
			}
			if err := noArguments(c); err != nil {
				return err
			}
			if err := require("out", out, "data/emoji"); err != nil {
				return err
			}
			if err := cfg.Validate(); err != nil {
				return &exitError{codeUsage, err}
			}
			return writeEmoji(c.Context, s, out, cfg, asJSON)
		},
	}
}

func writeEmoji(ctx context.Context, s streams, out string, cfg emoji.Config, asJSON bool) error {
	progress, done := progressOf(s, "draw", "drawings")
	cfg.Progress = progress
	sum, err := emoji.Write(ctx, out, cfg)
	done()
	if err != nil {
		return err
	}
	if asJSON {
		err = printJSON(s.stdout, sum)
	} else {
		printWritten(s.stdout, out, written{sum.Train, sum.HeldOut, sum.Pairs})
	}
	if err != nil || len(sum.Skipped) == 0 {
		return err
	}
	for _, skipped := range sum.Skipped {
		fmt.Fprintln(s.stderr, "skipped:", skipped)
	}
	return skippedErrorf("done, but %s skipped", wereOf(len(sum.Skipped), "drawing", "drawings"))
}
