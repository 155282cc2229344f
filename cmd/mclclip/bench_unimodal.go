package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/paired/trial"
	"github.com/mclclip/mclclip/data/imageset"
	"github.com/mclclip/mclclip/mcl/unimodal"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// benchUnimodal is everything that the command line of mclclip bench unimodal says.
type benchUnimodal struct {
	unimodalFlags
	methods string
	data    string
	size    int
	limit   int
	test    int
	wide    bool
}

func benchUnimodalCommand(s streams) *cli.Command {
	f := &benchUnimodal{unimodalFlags: newUnimodalFlags(), methods: "simclr,moco", size: 96, limit: 5000, test: 1000}
	return &cli.Command{
		Name:  "unimodal",
		Usage: "learn from pictures of a data set without captions, and see what each stage knows of their classes",
		Description: "Trains a base model, stages and as many controls on the pictures by each method, and reads the classes from each\n" +
			"representation by a linear probe and by nearest neighbours. Small by default; the usual size for CIFAR-10 is --limit 0\n" +
			"--test-limit 0 --backbone resnet18 --width 64 --hidden 512 --embed 128 --batch-size 512 --groups 8 --base-steps 19500\n" +
			"--steps 19500, for which a GPU is needed. Writes unimodal.json, .txt and .png; called again, it goes on with what is missing.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`KIND:FOLDER`: cifar10, cifar100 or stl10 (binary versions, unpacked), or imagefolder (train/<class>/, val/<class>/)", Destination: &f.data},
			&cli.StringFlag{Name: "methods", Usage: "simclr, moco or both, separated by a comma", Value: f.methods, Destination: &f.methods},
			&cli.IntFlag{Name: "size", Usage: "pixels of a side of the pictures of an imagefolder", Value: f.size, Destination: &f.size},
			&cli.IntFlag{Name: "limit", Usage: "training pictures at most, evenly spread; 0: all", Value: f.limit, Destination: &f.limit},
			&cli.IntFlag{Name: "test-limit", Usage: "test pictures at most; 0: all", Value: f.test, Destination: &f.test},
			&cli.BoolFlag{Name: "wide", Usage: "train a single model as wide as the concatenation as well", Destination: &f.wide},
		}, f.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *benchUnimodal) do(ctx context.Context, s streams) error {
	if err := f.check("runs/unimodal"); err != nil {
		return err
	}
	if f.size < 8 || f.limit < 0 || f.test < 0 {
		return usageErrorf("--size %d, --limit %d, --test-limit %d: want at least 8, 0 and 0", f.size, f.limit, f.test)
	}
	methods := strings.Split(f.methods, ",")
	for _, method := range methods {
		f.cfg.Method = method
		if err := f.cfg.Validate(); err != nil {
			return usageErrorf("--methods %q: %w", f.methods, err)
		}
	}
	train, test, err := f.open()
	if err != nil {
		return err
	}
	train, test = train.Some(f.limit), test.Some(f.test)
	if err := f.cfg.Fits(train.Len()); err != nil {
		return &exitError{codeUsage, err}
	}
	t := &trial.Trial{Title: f.data, Config: f.cfg}
	for _, method := range methods {
		for seed := range f.seeds {
			p, err := f.measure(ctx, s, method, seed, train, test)
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", method, seed, err)
			}
			join(t, p)
		}
	}
	return writeTrial(s, f.out, "unimodal", "method", t)
}

// open reads what --data names.
func (f *benchUnimodal) open() (train, test *imageset.Set, err error) {
	kind, dir, _ := strings.Cut(f.data, ":")
	if dir == "" {
		return nil, nil, usageErrorf("--data %q: want cifar10:FOLDER, cifar100:FOLDER, stl10:FOLDER or imagefolder:FOLDER", f.data)
	}
	switch kind {
	case "cifar10":
		train, test, err = imageset.CIFAR10(dir)
	case "cifar100":
		train, test, err = imageset.CIFAR100(dir)
	case "stl10":
		train, test, err = imageset.STL10(dir)
	case "imagefolder":
		var p *preprocess.Preprocessor
		if p, err = preprocess.New(preprocess.DefaultConfig(f.size)); err == nil {
			train, test, err = imageset.Folder(dir, f.size, p.Eval)
		}
	default:
		return nil, nil, usageErrorf("--data %q: unknown kind %q; want cifar10, cifar100, stl10 or imagefolder", f.data, kind)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("--data: %w", err)
	}
	return train, test, nil
}

func (f *benchUnimodal) measure(ctx context.Context, s streams, method string, seed int, train, test *imageset.Set) (part, error) {
	cfg := f.cfg
	cfg.Method, cfg.Seed = method, uint64(seed)
	config := map[string]any{"run": cfg, "data": f.data, "train": train.Len(), "test": test.Len(), "size": train.Size, "wide": f.wide, "probe": []any{f.probe, f.knn}}
	return doPart(f.partPath(method, seed), config, func() (part, error) {
		return f.trainAndScore(ctx, s, cfg, method, seed, train, test, f.wide, nil)
	})
}

// trainAndScore trains the models of a setting, and a wide one where that is asked for, and probes them. look is called with
// what was trained; it may be nil.
func (f *unimodalFlags) trainAndScore(ctx context.Context, s streams, cfg unimodal.Config, setting string, seed int, train, test *imageset.Set, wide bool, look func([]column, *unimodal.Result) error) (part, error) {
	name := fmt.Sprintf("%s, seed %d", setting, seed)
	r, err := f.experiment(ctx, s, cfg, name, train, test)
	if err != nil {
		return part{}, err
	}
	all := columnsOf(r)
	if look != nil {
		if err := look(all, r); err != nil {
			return part{}, err
		}
	}
	if wide {
		one, err := f.experiment(ctx, s, wider(cfg), name+", wide", train, test)
		if err != nil {
			return part{}, err
		}
		all = append(all, column{"wide", beside(nil, one.Base.Train), beside(nil, one.Base.Test)})
	}
	return f.score(setting, seed, all, train, test)
}
