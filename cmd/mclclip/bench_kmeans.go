package main

import (
	"fmt"
	"iter"
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
		Description: "The file holds bare little-endian float32, row by row; up to --sample-rows rows are held in memory and given to all starts, more\n" +
			"are clustered by a sample. make bench-kmeans compares the result with scikit-learn's on the same file.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "features", Usage: "`FILE` of features", Destination: &f.features},
			&cli.IntFlag{Name: "width", Usage: "numbers in a row", Destination: &f.width},
			&cli.IntFlag{Name: "clusters", Usage: "clusters, K", Value: f.cfg.Clusters, Destination: &f.cfg.Clusters},
			&cli.IntFlag{Name: "starts", Usage: "starts, of which the best goes on", Value: f.cfg.Starts, Destination: &f.cfg.Starts},
			&cli.IntFlag{Name: "sample-rows", Usage: "rows up to which all are held in memory, and least rows of a sample", Value: f.cfg.SampleRows, Destination: &f.cfg.SampleRows},
			&cli.IntFlag{Name: "rows-per-cluster", Usage: "times --clusters: rows of a sample where these are more", Value: f.cfg.RowsPerCluster, Destination: &f.cfg.RowsPerCluster},
			&cli.Float64Flag{Name: "min-gain", Usage: "share of the inertia that all rows must be expected to gain to update the centroids", Value: f.cfg.MinGain, Destination: &f.cfg.MinGain},
			&cli.IntFlag{Name: "max-passes", Usage: "updates over all features at most", Value: f.cfg.MaxPasses, Destination: &f.cfg.MaxPasses},
			&cli.IntFlag{Name: "batch-rows", Usage: "rows of a mini-batch; 0 is Lloyd's algorithm", Destination: &f.cfg.BatchRows},
			&cli.Float64Flag{Name: "balance", Usage: "largest cluster over the mean; 0 leaves sizes as they come", Destination: &f.cfg.Balance},
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
	timed := &timedFeatures{FeatureFile: features}
	result, err := mcl.KMeans(timed, nearest, f.cfg)
	if err != nil {
		return err
	}
	return printJSON(s.stdout, map[string]any{
		"rows": features.Len(), "seconds": time.Since(start).Seconds(), "labelling_seconds": timed.last.Seconds(), "inertia": result.Inertia, "passes": result.Passes,
	})
}

// timedFeatures measures the last pass, in which every row gets its cluster.
type timedFeatures struct {
	*mcl.FeatureFile
	last time.Duration
}

func (t *timedFeatures) Blocks() iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		start := time.Now()
		defer func() { t.last = time.Since(start) }()
		t.FeatureFile.Blocks()(yield)
	}
}
