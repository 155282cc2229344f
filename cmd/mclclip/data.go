package main

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/data/scenes"
	"github.com/mclclip/mclclip/train/metrics"
)

func dataCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "data",
		Usage: "make Parquet shards of image-caption pairs, or look into them",
		Subcommands: []*cli.Command{
			scenesCommand(s),
			emojiCommand(s),
			packCommand(s),
			inspectCommand(s),
		},
	}
}

// progressOf returns what shows how far a command is, and what ends the bar.
func progressOf(s streams, label, unit string) (progress func(done, total int64), end func()) {
	log, err := metrics.Open(metrics.Config{Console: s.stderr})
	if err != nil {
		return nil, func() {} // no bar is no reason to stop
	}
	return func(done, total int64) { log.Progress(label, done, total, unit) }, func() { log.Close() }
}

// written is what a generator wrote: rows for training and held out, benchmark pairs by pattern.
type written struct {
	train, heldOut int64
	pairs          map[string]int
}

// printWritten lists what lies in the folder of a generator; the generators use the same names.
func printWritten(w io.Writer, out string, sum written) {
	fmt.Fprintf(w, "%s: %d training pairs\n", filepath.Join(out, scenes.TrainPrefix+"-*.parquet"), sum.train)
	fmt.Fprintf(w, "%s: %d held-out pairs\n", filepath.Join(out, scenes.HeldOutFolder, "*.parquet"), sum.heldOut)
	for _, pattern := range slices.Sorted(maps.Keys(sum.pairs)) {
		fmt.Fprintf(w, "%s: %d pairs of %s\n", filepath.Join(out, scenes.BenchmarkFolder), sum.pairs[pattern], pattern)
	}
}
