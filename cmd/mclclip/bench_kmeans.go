package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/mcl"
)

// benchKMeans is everything that the command line of mclclip bench kmeans says.
type benchKMeans struct {
	machine  machineFlags
	cfg      mcl.KMeansConfig
	features string
	width    int
}

func benchKMeansCommand(s streams) *cli.Command {
	f := &benchKMeans{cfg: mcl.DefaultKMeansConfig()}
	return &cli.Command{
		Name:  "kmeans",
		Usage: "cluster a file of features and say how long it took and how good it is",
		Description: "The file holds bare little-endian float32, row by row; it is read anew in each pass, as in a run. make bench-kmeans\n" +
			"compares the result with scikit-learn's on the same file.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "features", Usage: "`FILE` of features", Destination: &f.features},
			&cli.IntFlag{Name: "width", Usage: "numbers in a row", Destination: &f.width},
			&cli.IntFlag{Name: "clusters", Usage: "clusters, K", Value: f.cfg.Clusters, Destination: &f.cfg.Clusters},
			&cli.IntFlag{Name: "starts", Usage: "starts on a sample, of which the best goes on", Value: f.cfg.Starts, Destination: &f.cfg.Starts},
			&cli.IntFlag{Name: "max-passes", Usage: "passes over all features at most", Value: f.cfg.MaxPasses, Destination: &f.cfg.MaxPasses},
			&cli.IntFlag{Name: "batch-rows", Usage: "rows of a mini-batch; 0 is Lloyd's algorithm", Destination: &f.cfg.BatchRows},
			&cli.Uint64Flag{Name: "seed", Usage: "of the starts", Destination: &f.cfg.Seed},
		}, f.machine.deviceFlags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(s)
		},
	}
}

func (f *benchKMeans) do(s streams) error {
	if err := require("features", f.features, "features.f32"); err != nil {
		return err
	}
	if f.width < 1 {
		return usageErrorf("--width %d: want the numbers in a row of the file", f.width)
	}
	device, err := f.machine.apply()
	if err != nil {
		return err
	}
	features, err := mcl.OpenFeatures(f.features, f.width)
	if err != nil {
		return fmt.Errorf("--features: %w", err)
	}
	nearest := mcl.NewTorchNearest(device)
	defer nearest.Close()
	start := time.Now()
	result, err := mcl.KMeans(features, nearest, f.cfg)
	if err != nil {
		return err
	}
	return printJSON(s.stdout, map[string]any{
		"rows": features.Len(), "seconds": time.Since(start).Seconds(), "inertia": result.Inertia, "passes": result.Passes,
	})
}
