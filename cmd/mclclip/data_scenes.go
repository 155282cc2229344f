package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/data/scenes"
)

func scenesCommand(s streams) *cli.Command {
	var out string
	var asJSON bool
	cfg := scenes.DefaultConfig()
	return &cli.Command{
		Name:  "scenes",
		Usage: "draw pictures whose every feature is known, with captions, held-out pairs and a benchmark",
		Description: "Writes training shards, shards of combinations that training never shows, and a benchmark of pairs that differ in one\n" +
			"feature, in the layout of MMVP-VLM. The same flags give the same files.",
		Flags: append([]cli.Flag{outFlag(&out)}, append(sceneFlags(&cfg), jsonFlag(&asJSON))...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if err := require("out", out, "data/scenes"); err != nil {
				return err
			}
			if err := cfg.Validate(); err != nil {
				return &exitError{codeUsage, err}
			}
			return writeScenes(c.Context, s, out, cfg, asJSON)
		},
	}
}

func sceneFlags(cfg *scenes.Config) []cli.Flag {
	number := func(name, usage string, to *int) cli.Flag {
		return &cli.IntFlag{Name: name, Usage: usage, Value: *to, Destination: to}
	}
	return []cli.Flag{
		&cli.StringFlag{Name: "mode", Usage: "triple: one figure each, told as colour, texture, shape; scene: pictures for the nine patterns of MMVP", Value: cfg.Mode, Destination: &cfg.Mode},
		&cli.Uint64Flag{Name: "seed", Usage: "another seed gives other pictures", Value: cfg.Seed, Destination: &cfg.Seed},
		number("size", "side of a picture in pixels", &cfg.Size),
		number("pairs", "training pairs", &cfg.Pairs),
		number("held-out-pairs", "pairs of held-out combinations", &cfg.HeldOut),
		number("held-out-tenths", "tenths of the combinations of colour, texture and figure that are held out: 0, or 2 to 5", &cfg.HeldOutTenths),
		number("pairs-per-pattern", "benchmark pairs for each pattern", &cfg.PairsPerPattern),
		&cli.GenericFlag{Name: "pattern", Usage: "benchmark only this `PATTERN` of the mode; may be repeated", Value: (*list)(&cfg.Patterns)},
		number("colors", "how many of the ten colours are used; 1 takes the feature away", &cfg.Colors),
		number("textures", "how many of the ten textures are used", &cfg.Textures),
		number("shapes", "how many of the ten shapes are used", &cfg.Shapes),
		number("code-bits", "bits of a stamp that is told in the caption: an easy feature that suppresses the others; 0 for none", &cfg.CodeBits),
		&cli.StringFlag{Name: "caption-prefix", Usage: "`TEXT` before every caption", Value: cfg.Prefix, Destination: &cfg.Prefix},
		number("rows-per-shard", "rows in a Parquet file", &cfg.RowsPerShard),
	}
}

func writeScenes(ctx context.Context, s streams, out string, cfg scenes.Config, asJSON bool) error {
	progress, done := progressOf(s, "draw", "pairs")
	cfg.Progress = progress
	sum, err := scenes.Write(ctx, out, cfg)
	done()
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(s.stdout, sum)
	}
	printWritten(s.stdout, out, written{sum.Train, sum.HeldOut, sum.Pairs})
	return nil
}
