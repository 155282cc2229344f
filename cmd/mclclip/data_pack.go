package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/data/pack"
	"github.com/mclclip/mclclip/vision/preprocess"
)

func packCommand(s streams) *cli.Command {
	var out string
	var asJSON bool
	cfg := pack.DefaultConfig()
	return &cli.Command{
		Name:  "pack",
		Usage: "pack pairs that lie in folders, tables or webdataset archives into Parquet shards",
		Description: "Inputs are of one kind: folders with key.jpg beside key.txt, tables that name images (.csv, .tsv), or archives (.tar).\n" +
			"Every image is decoded once. What cannot be used is counted by reason and listed in _skipped.csv among the shards,\n" +
			"where programs that read a folder of shards pass over it.",
		Flags: packFlags(&cfg, &out, &asJSON),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if err := require("out", out, "data/shards"); err != nil {
				return err
			}
			if len(cfg.Inputs) == 0 {
				return require("input", "", "'archives/*.tar'")
			}
			if err := cfg.Validate(); err != nil {
				return &exitError{codeUsage, err}
			}
			return writePack(c.Context, s, out, cfg, asJSON)
		},
	}
}

func packFlags(cfg *pack.Config, out *string, asJSON *bool) []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "input", Usage: "folder, .csv, .tsv, .tar, .tar.gz or quoted `PATTERN`; may be repeated", Value: (*list)(&cfg.Inputs)},
		outFlag(out),
		&cli.StringFlag{Name: "prefix", Usage: "shards are called PREFIX-00000-of-00012.parquet", Value: cfg.Prefix, Destination: &cfg.Prefix},
		&cli.IntFlag{Name: "rows-per-shard", Usage: "rows in a Parquet file", Value: cfg.RowsPerShard, Destination: &cfg.RowsPerShard},
		&cli.StringFlag{Name: "image-column", Usage: "`COLUMN` of a table with the paths of the images; without it filepath, path, image_path, file_name, filename, file or image", Destination: &cfg.ImageColumn},
		&cli.StringFlag{Name: "caption-column", Usage: "`COLUMN` of a table with the captions; without it caption, text, txt, TEXT, title or captions", Destination: &cfg.CaptionColumn},
		&cli.StringFlag{Name: "key-column", Usage: "`COLUMN` of a table with keys; without it they are made of the table's name and the line", Destination: &cfg.KeyColumn},
		&cli.StringFlag{Name: "separator", Usage: "`CHARACTER` between the cells of a table; by its name a tab or a comma", Destination: &cfg.Separator},
		&cli.StringFlag{Name: "root", Usage: "`FOLDER` in which a table's images lie; without it the table's own", Destination: &cfg.Root},
		&cli.StringFlag{Name: "json-caption", Usage: "`FIELD` of an archive's key.json with the caption where there is no key.txt", Value: cfg.JSONCaption, Destination: &cfg.JSONCaption},
		&cli.Int64Flag{Name: "max-image-bytes", Usage: "larger image files are skipped", Value: cfg.MaxImageBytes, Destination: &cfg.MaxImageBytes},
		jsonFlag(asJSON),
	}
}

// checkSize is the side to which images are resized when they are only checked: the usual one.
const checkSize = 224

func writePack(ctx context.Context, s streams, out string, cfg pack.Config, asJSON bool) error {
	p, err := preprocess.New(preprocess.DefaultConfig(checkSize))
	if err != nil {
		return err
	}
	cfg.Check, cfg.Reason = p.Check, preprocess.Reason
	sum, err := pack.Write(ctx, out, cfg)
	switch {
	case errors.Is(err, pack.ErrNoColumn):
		return fmt.Errorf("%w; name the columns with --image-column, --caption-column and --key-column", err)
	case err != nil && sum.Kind == pack.KindTable && sum.Skipped[pack.Missing] > 0:
		return fmt.Errorf("%w; --root names the folder that the paths are relative to", err)
	case err != nil:
		return err
	}
	if asJSON {
		err = printJSON(s.stdout, sum)
	} else {
		_, err = fmt.Fprintf(s.stdout, "%s: %s\n", filepath.Join(out, cfg.Prefix+"-*.parquet"), counted(sum.Rows, "pair"))
	}
	skipped := 0
	for _, reason := range slices.Sorted(maps.Keys(sum.Skipped)) {
		fmt.Fprintf(s.stderr, "skipped: %d %s\n", sum.Skipped[reason], reason)
		skipped += sum.Skipped[reason]
	}
	if sum.Ignored > 0 {
		fmt.Fprintf(s.stderr, "ignored: %s neither image nor caption by name\n", counted(int64(sum.Ignored), "file"))
	}
	if err != nil || skipped == 0 {
		return err
	}
	return skippedErrorf("done, but %s skipped; %s lists them", wereOf(skipped, "entry", "entries"), filepath.Join(out, pack.SkippedTable))
}
