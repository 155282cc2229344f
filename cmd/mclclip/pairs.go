package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/data"
)

// pairsFlags are the flags of a command that reads image-caption pairs.
type pairsFlags struct {
	patterns list
	options  data.Options
}

func (p *pairsFlags) flags() []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "pairs", Usage: "Parquet shards: a file, a folder or a quoted `PATTERN`; may be repeated", Value: &p.patterns},
		&cli.StringFlag{Name: "image-column", Usage: "`COLUMN` with the encoded images; found by its usual names (image, jpg, png, webp)", Destination: &p.options.ImageColumn},
		&cli.StringFlag{Name: "caption-column", Usage: "`COLUMN` with the captions; found by its usual names (caption, text, txt, title)", Destination: &p.options.CaptionColumn},
	}
}

// open opens the shards. An error names --pairs.
func (p *pairsFlags) open() (*data.Source, error) {
	if len(p.patterns) == 0 {
		return nil, require("pairs", "", "'shards/*.parquet'")
	}
	source, err := data.Open(p.patterns, p.options)
	if err != nil {
		return nil, fmt.Errorf("--pairs: %w", err)
	}
	return source, nil
}
