package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/features"
	"github.com/mclclip/mclclip/bench/paired"
	"github.com/mclclip/mclclip/bench/probe"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// benchProbe is everything that the command line of mclclip bench probe says.
type benchProbe struct {
	evaluation
	testPairs      list
	testImages     string
	testEmbeddings list
	testShare      float64
	seed           uint64
	linear         probe.Config
	knn            probe.KNN
	normalize      bool

	training, test []int    // labels of the images
	names          []string // of the test images
	classes        int
}

// probed is a column with its training and test features.
type probed struct {
	name        string
	train, test [][]float32
}

func benchProbeCommand(s streams) *cli.Command {
	f := &benchProbe{evaluation: newEvaluation("probe"), linear: probe.DefaultConfig(), knn: probe.DefaultKNN(), testShare: 0.2, normalize: true}
	return &cli.Command{
		Name:  "probe",
		Usage: "what can be read out of image features: linear probe and nearest neighbours",
		Description: "The linear probe is logistic regression by L-BFGS (scikit-learn's objective); nearest neighbours vote by their cosine. Trains on\n" +
			"--pairs, --images or --embeddings and tests on --test-pairs, --test-images or --test-embeddings, or else on a share of\n" +
			"the same images. Prints a table with 95 % intervals and McNemar's test of base and control against the stages\n" +
			"integrated, and writes probe.json and probe.csv (every test image).",
		Flags: append(f.flags(true),
			&cli.GenericFlag{Name: "test-pairs", Usage: "Parquet shards to test on: a file, a folder or a quoted `PATTERN`; may be repeated", Value: &f.testPairs},
			&cli.StringFlag{Name: "test-images", Usage: "`FOLDER` to test on", Destination: &f.testImages},
			&cli.GenericFlag{Name: "test-embeddings", Usage: "`FOLDER` to test on, one for each of --embeddings, in their order", Value: &f.testEmbeddings},
			&cli.Float64Flag{Name: "test-share", Usage: "share of each class to test on where nothing else is given", Value: f.testShare, Destination: &f.testShare},
			&cli.Uint64Flag{Name: "seed", Usage: "of that share", Destination: &f.seed},
			&cli.Float64Flag{Name: "C", Usage: "inverse strength of the linear probe's penalty", Value: f.linear.C, Destination: &f.linear.C},
			&cli.IntFlag{Name: "max-iterations", Usage: "of L-BFGS", Value: f.linear.MaxIterations, Destination: &f.linear.MaxIterations},
			&cli.IntFlag{Name: "neighbors", Usage: "nearest neighbours that vote", Value: f.knn.K, Destination: &f.knn.K},
			&cli.Float64Flag{Name: "temperature", Usage: "of their votes, exp(cosine / temperature)", Value: f.knn.Temperature, Destination: &f.knn.Temperature},
			&cli.BoolFlag{Name: "normalize", Usage: "scale features to length 1 before the linear probe; OpenAI's own takes raw ones", Value: f.normalize, Destination: &f.normalize}),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

// checkProbe refuses settings that cannot be meant.
func (f *benchProbe) checkProbe() error {
	switch {
	case len(f.testPairs) > 0 && len(f.pairs.patterns) == 0, f.testImages != "" && f.images == "", len(f.testEmbeddings) > 0 && len(f.testEmbeddings) != len(f.embeddings):
		return usageErrorf("--test-pairs goes with --pairs, --test-images with --images, and as many --test-embeddings with --embeddings")
	case !(f.testShare > 0 && f.testShare < 1):
		return usageErrorf("--test-share %g: want a number between 0 and 1", f.testShare)
	case !(f.linear.C > 0):
		return usageErrorf("--C %g: want a number above 0", f.linear.C)
	case f.linear.MaxIterations < 1:
		return usageErrorf("--max-iterations %d: want at least 1", f.linear.MaxIterations)
	case f.knn.K < 1:
		return usageErrorf("--neighbors %d: want at least 1", f.knn.K)
	case !(f.knn.Temperature > 0):
		return usageErrorf("--temperature %g: want a number above 0", f.knn.Temperature)
	}
	return f.check(true)
}

func (f *benchProbe) do(ctx context.Context, s streams) error {
	if err := f.checkProbe(); err != nil {
		return err
	}
	return f.measured(s, func() error {
		columns, err := f.exports()
		if err != nil {
			return err
		}
		return f.score(s, columns)
	}, func(l *lineup, device torch.Device, log *metrics.Logger) error {
		columns, skipped, err := f.embed(ctx, l, device, log)
		if err != nil {
			return err
		}
		return errors.Join(f.score(s, columns), skipped)
	})
}

// embed embeds the images of both parts.
func (f *benchProbe) embed(ctx context.Context, lineup *lineup, device torch.Device, log *metrics.Logger) (columns []probed, skipped, err error) {
	sources := make([]pictureSource, 1, 2)
	if sources[0], err = f.open(ctx, f.pairs, f.images, log); err != nil {
		return nil, nil, err
	}
	if len(f.testPairs) > 0 || f.testImages != "" {
		pairs := f.pairs
		pairs.patterns = f.testPairs
		test, err := f.open(ctx, pairs, f.testImages, log)
		if err != nil {
			return nil, nil, fmt.Errorf("test images: %w", err)
		}
		sources = append(sources, test)
	}
	var parts [2][]subject
	var labels, names [2][]string
	err = withLineup(lineup, device, func(e *towers) error {
		for i, source := range sources {
			p, err := e.pictures(ctx, source, f.machine.workers, log)
			if err != nil {
				return err
			}
			if labels[i], err = p.labels(); err != nil {
				return err
			}
			parts[i], names[i] = lineup.subjects(p.images, nil), p.names
			skipped = errors.Join(skipped, source.skipped())
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	columns, err = f.divide(parts, labels, names)
	return columns, skipped, err
}

// exports takes the features of exported embeddings.
func (f *benchProbe) exports() ([]probed, error) {
	var parts [2][]subject
	var labels, names [2][]string
	for i, folders := range []list{f.embeddings, f.testEmbeddings} {
		if len(folders) == 0 {
			continue
		}
		flag := []string{"embeddings", "test-embeddings"}[i]
		sets, err := readExports(flag, folders)
		if err != nil {
			return nil, err
		}
		if labels[i], err = exportColumn(flag, sets, f.label); err != nil {
			return nil, err
		}
		parts[i], names[i] = exportSubjects(sets), exportNames(sets)
	}
	return f.divide(parts, labels, names)
}

// divide numbers the classes and makes the training and test part of each column, of the same images where there is one part only.
func (f *benchProbe) divide(parts [2][]subject, labels, names [2][]string) ([]probed, error) {
	numbers, classes := features.Numbered(slices.Concat(labels[0], labels[1]))
	f.classes = len(classes)
	f.training, f.test, f.names = numbers[:len(labels[0])], numbers[len(labels[0]):], names[1]
	var columns []probed
	if parts[1] != nil {
		if len(parts[0]) != len(parts[1]) {
			return nil, fmt.Errorf("--embeddings and --test-embeddings are of different stages: %d and %d columns", len(parts[0]), len(parts[1]))
		}
		for i, one := range parts[0] {
			columns = append(columns, probed{one.name, one.images, parts[1][i].images})
		}
		return columns, nil
	}
	train, test := probe.Split(f.training, f.classes, f.testShare, f.seed)
	if len(test) == 0 {
		return nil, fmt.Errorf("%d images of %d classes leave none to test on: give more, or a larger --test-share", len(f.training), f.classes)
	}
	for _, one := range parts[0] {
		columns = append(columns, probed{one.name, chosen(one.images, train), chosen(one.images, test)})
	}
	f.training, f.test, f.names = chosen(f.training, train), chosen(f.training, test), chosen(names[0], test)
	return columns, nil
}

func (f *benchProbe) score(s streams, columns []probed) error {
	settings := map[string]string{"classes": fmt.Sprint(f.classes), "training images": fmt.Sprint(len(f.training)), "test images": fmt.Sprint(len(f.test)),
		"C": fmt.Sprint(f.linear.C), "neighbors": fmt.Sprint(f.knn.K), "temperature": fmt.Sprint(f.knn.Temperature), "normalize": fmt.Sprint(f.normalize)}
	notes := []string{fmt.Sprintf("%d images to train on, %d to test on, %d classes; C = %g, %d neighbours.", len(f.training), len(f.test), f.classes, f.linear.C, f.knn.K)}
	var subjects []subject
	byName := map[string]probed{}
	for _, c := range columns {
		subjects, byName[c.name] = append(subjects, subject{name: c.name}), c
	}
	return f.report(s, subjects, settings, notes, func(one subject) ([]paired.Metric, error) {
		list, err := f.measure(byName[one.name])
		return paired.Named(list, f.names), err
	})
}

// measure fits and tests both probes on one column.
func (f *benchProbe) measure(c probed) ([]paired.Metric, error) {
	neighbors, err := f.knn.Predict(c.train, f.training, f.classes, c.test)
	if err != nil {
		return nil, err
	}
	if f.normalize { // checked by then
		c.train, c.test = features.Unit(c.train), features.Unit(c.test)
	}
	linear, err := probe.Fit(c.train, f.training, f.classes, f.linear)
	if err != nil {
		return nil, err
	}
	predicted, err := linear.Predict(c.test)
	if err != nil {
		return nil, err
	}
	list, err := probe.Metrics("linear probe", predicted, f.test)
	if err != nil {
		return nil, err
	}
	near, err := probe.Metrics("nearest neighbours", neighbors, f.test)
	return append(list, near...), err
}
