package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/paired/trial"
	"github.com/mclclip/mclclip/bench/probe"
	"github.com/mclclip/mclclip/data/imageset"
	"github.com/mclclip/mclclip/data/trifeature"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/mcl/unimodal"
)

// unimodalFlags are the flags of the experiments on pictures without captions.
type unimodalFlags struct {
	machine machineFlags
	cfg     unimodal.Config
	out     string
	seeds   int
	knn     probe.KNN
	probe   probe.Config
}

func newUnimodalFlags() unimodalFlags {
	f := unimodalFlags{cfg: unimodal.DefaultConfig(), seeds: 3, knn: probe.DefaultKNN(), probe: probe.DefaultConfig()}
	f.probe.MaxIterations, f.probe.Gradient = 200, 1e-4
	return f
}

func (f *unimodalFlags) flags() []cli.Flag {
	c := &f.cfg
	integer := func(name, usage string, to *int) cli.Flag {
		return &cli.IntFlag{Name: name, Usage: usage, Value: *to, Destination: to}
	}
	number := func(name, usage string, to *float64) cli.Flag {
		return &cli.Float64Flag{Name: name, Usage: usage, Value: *to, Destination: to}
	}
	word := func(name, usage string, to *string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Value: *to, Destination: to}
	}
	return append([]cli.Flag{
		word("out", "`FOLDER` of the results; called again with it, an experiment goes on with what is missing", &f.out),
		integer("seeds", "runs of each setting", &f.seeds),
		word("backbone", "conv4, resnet18, resnet50 or vit", &c.Backbone),
		word("stem", "of a ResNet: cifar (3x3, stride 1) or imagenet", &c.Stem),
		integer("width", "channels of the first layer (64 in the usual ResNets), or width of a ViT", &c.Width),
		integer("hidden", "hidden width of the projection head", &c.Hidden),
		integer("embed", "width of the projection, E", &c.Embed),
		number("tau", "temperature", &c.Tau),
		integer("queue", "keys in the queue of MoCo, Q", &c.Queue),
		number("momentum", "of the key encoder of MoCo", &c.Momentum),
		integer("stages", "stages, N", &c.Stages),
		integer("clusters", "clusters of a stage, K", &c.Clusters),
		word("cluster-on", "what is clustered: head (the projection) or backbone (the representation)", &c.ClusterOn),
		word("init", "weights that a stage starts from: base or previous", &c.Init),
		integer("groups", "labels in a batch, G", &c.Train.Groups),
		integer("batch-size", "pictures in a batch, b", &c.Train.BatchSize),
		integer("base-steps", "optimisation steps of the base model", &c.BaseSteps),
		integer("steps", "optimisation steps of each stage and control", &c.Steps),
		number("lr", "peak learning rate of AdamW", &c.Train.LR),
		number("wd", "weight decay", &c.Train.WeightDecay),
		number("min-scale", "smallest share of a picture's area in a view", &c.Augment.MinScale),
		&cli.BoolFlag{Name: "flip", Usage: "turn half of the views from left to right", Value: c.Augment.Flip, Destination: &c.Augment.Flip},
		number("jitter", "strength of the colour jitter in a view", &c.Augment.Jitter),
		number("gray", "share of views without colour", &c.Augment.Gray),
		number("probe-c", "inverse strength of the linear probe's penalty", &f.probe.C),
		integer("neighbors", "of the nearest-neighbour probe", &f.knn.K),
	}, f.machine.flags()...)
}

// check answers mistakes before data are made.
func (f *unimodalFlags) check(example string) error {
	if err := require("out", f.out, example); err != nil {
		return err
	}
	if f.seeds < 1 {
		return usageErrorf("--seeds %d: want at least 1", f.seeds)
	}
	if f.knn.K < 1 || !(f.probe.C > 0) {
		return usageErrorf("--neighbors %d, --probe-c %g: want at least 1, and a number above 0", f.knn.K, f.probe.C)
	}
	if err := f.cfg.Validate(); err != nil {
		return &exitError{codeUsage, err}
	}
	_, err := f.machine.apply()
	return err
}

// fits checks a generated data set before it is drawn.
func (f *unimodalFlags) fits(data trifeature.Config) error {
	if err := data.Validate(); err != nil {
		return &exitError{codeUsage, err}
	}
	pictures, _ := data.Pictures()
	if err := f.cfg.Fits(pictures); err != nil {
		return &exitError{codeUsage, err}
	}
	return nil
}

// experiment trains the models of a setting and a seed.
func (f *unimodalFlags) experiment(ctx context.Context, s streams, cfg unimodal.Config, name string, train, test *imageset.Set) (*unimodal.Result, error) {
	device, err := f.machine.apply()
	if err != nil {
		return nil, err
	}
	e, err := unimodal.New(cfg, train, test, device, f.machine.workers)
	if err != nil {
		return nil, &exitError{codeUsage, err}
	}
	e.Progress = func(phase string, step, steps int, loss float64) {
		if step%100 == 0 || step == steps {
			fmt.Fprintf(s.stderr, "%s, %s: step %d of %d, loss %.4g\n", name, phase, step, steps, loss)
		}
	}
	return e.Run(ctx)
}

// column is a representation to be probed.
type column struct {
	name        string
	train, test [][]float32
}

// columnsOf are the base, each stage, the stages integrated and the control, in the order of the table.
func columnsOf(r *unimodal.Result) []column {
	one := func(name string, parts ...unimodal.Representation) column {
		c := column{name: name}
		for _, p := range parts {
			c.train, c.test = beside(c.train, p.Train), beside(c.test, p.Test)
		}
		return c
	}
	out := []column{one("base", r.Base)}
	for _, stage := range r.Stages {
		out = append(out, one(stage.Name, stage))
	}
	if len(r.Stages) > 0 {
		out = append(out, one("integrated", append([]unimodal.Representation{r.Base}, r.Stages...)...))
	}
	if len(r.Controls) > 0 {
		out = append(out, one("control", append([]unimodal.Representation{r.Base}, r.Controls...)...))
	}
	return out
}

// beside appends the rows of m to those of x: the concatenation of raw features.
func beside(x [][]float32, m *mcl.Matrix) [][]float32 {
	out := make([][]float32, m.Len())
	for i := range out {
		if x != nil {
			out[i] = append(out[i], x[i]...)
		}
		out[i] = append(out[i], m.Row(i)...)
	}
	return out
}

// score probes every column for every feature and compares the control with the integrated representation.
func (f *unimodalFlags) score(setting string, seed int, columns []column, train, test *imageset.Set) (p part, err error) {
	var t trial.Trial
	right := map[string][]bool{}
	for _, c := range columns {
		scaled, scaledTest := standardize(c.train, c.test)
		for k, feature := range train.Features {
			labels, want := ints(feature.Of), test.Features[k].Of
			linear, err := probe.Fit(scaled, labels, len(feature.Classes), f.probe)
			if err != nil {
				return p, fmt.Errorf("%s, %s: %w", c.name, feature.Name, err)
			}
			guess, err := linear.Predict(scaledTest)
			if err != nil {
				return p, fmt.Errorf("%s, %s: %w", c.name, feature.Name, err)
			}
			near, err := f.knn.Predict(c.train, labels, len(feature.Classes), c.test)
			if err != nil {
				return p, fmt.Errorf("%s, %s: %w", c.name, feature.Name, err)
			}
			for metric, guesses := range map[string][]int{feature.Name: guess, feature.Name + " kNN": near} {
				hits := equal(guesses, want)
				right[c.name+"/"+metric] = hits
				t.Add(trial.Score{Setting: setting, Seed: seed, Column: c.name, Metric: metric, Right: count(hits), Of: len(hits)})
			}
		}
	}
	sortScores(t.Scores, train)
	for _, pair := range [][2]string{{"control", "integrated"}, {"wide", "integrated"}} {
		for _, feature := range train.Features {
			for _, metric := range []string{feature.Name, feature.Name + " kNN"} {
				before, after := right[pair[0]+"/"+metric], right[pair[1]+"/"+metric]
				if before == nil || after == nil {
					continue
				}
				if err := t.Compare(setting, seed, metric, pair[0], pair[1], before, after); err != nil {
					return p, err
				}
			}
		}
	}
	return part{Scores: t.Scores, Changes: t.Changes}, nil
}

// partPath is the file of a part.
func (f *unimodalFlags) partPath(setting string, seed int) string {
	return filepath.Join(f.out, "parts", setting, "seed-"+strconv.Itoa(seed)+".json")
}
