package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/paired/trial"
	"github.com/mclclip/mclclip/data/scenes"
	"github.com/mclclip/mclclip/data/trifeature"
	"github.com/mclclip/mclclip/mcl/unimodal"
)

// clipMethod is the method of pairs, beside those of package unimodal.
const clipMethod = "clip"

// benchRandBit is everything that the command line of mclclip bench randbit says.
type benchRandBit struct {
	unimodalFlags
	method     string
	bits       string
	pairs      int
	data       trifeature.Config
	perFeature int
	model      string
}

func benchRandBitCommand(s streams) *cli.Command {
	f := &benchRandBit{unimodalFlags: newUnimodalFlags(), method: unimodal.SimCLR, bits: "0,4,8", pairs: 8192, data: trifeature.DefaultConfig(), perFeature: 200, model: "tiny"}
	f.cfg.Stages, f.cfg.Clusters, f.cfg.Train.Groups = 1, 32, 8
	f.data.Versions, f.data.TestVersions = 5, 5
	number := func(name, usage string, to *int) cli.Flag {
		return &cli.IntFlag{Name: name, Usage: usage, Value: *to, Destination: to}
	}
	return &cli.Command{
		Name:  "randbit",
		Usage: "suppress features by random bits that both sides share, and see what brings them back",
		Description: "Gives every picture of Trifeature a number of random bits that both of its views (--method simclr, moco) or picture and\n" +
			"caption (--method clip) share. The more bits, the easier it is to tell pictures apart without looking at them. Trains a base\n" +
			"model, stages of MCL and as many controls on ordinary batches, and asks by probes (clip: by pairs that differ in one feature)\n" +
			"what each knows of the content. Writes randbit.json, .txt and .png; called again, it goes on with what is missing.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "method", Usage: "simclr, moco or clip", Value: f.method, Destination: &f.method},
			&cli.StringFlag{Name: "bits", Usage: "`NUMBERS` of bits, separated by commas", Value: f.bits, Destination: &f.bits},
			number("versions", "pictures of each of the 800 combinations in training (simclr, moco)", &f.data.Versions),
			number("test-versions", "pictures of each of the 200 other combinations (simclr, moco)", &f.data.TestVersions),
			number("size", "pixels of a side (simclr, moco)", &f.data.Size),
			number("pairs", "training pairs (clip)", &f.pairs),
			number("pairs-per-feature", "pairs of the benchmark for each feature (clip)", &f.perFeature),
			&cli.StringFlag{Name: "model", Usage: "architecture `NAME`, or an open_clip configuration (clip)", Value: f.model, Destination: &f.model},
		}, f.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if f.method == clipMethod {
				f.clipDefaults(c.IsSet)
			} else {
				f.cfg.Method = f.method
			}
			return f.do(c.Context, s)
		},
	}
}

// clipDefaults are the settings of pairs where the command line does not say otherwise.
func (f *benchRandBit) clipDefaults(isSet func(name string) bool) {
	for _, d := range []struct {
		flag  string
		to    *int
		value int
	}{{"batch-size", &f.cfg.Train.BatchSize, 64}, {"groups", &f.cfg.Train.Groups, 4}, {"base-steps", &f.cfg.BaseSteps, 1200}, {"steps", &f.cfg.Steps, 400}} {
		if !isSet(d.flag) {
			*d.to = d.value
		}
	}
}

func (f *benchRandBit) do(ctx context.Context, s streams) error {
	if err := f.check("runs/randbit"); err != nil {
		return err
	}
	if f.method != clipMethod {
		if err := f.fits(f.data); err != nil {
			return err
		}
	}
	lengths, err := parseBits(f.bits)
	if err != nil {
		return err
	}
	if f.method == clipMethod { // of views each part has its settings
		settings := map[string]any{"run": f.cfg, "pairs": f.pairs, "pairs_per_feature": f.perFeature, "model": f.model}
		if err := keepSettings(filepath.Join(f.out, "settings.json"), settings); err != nil {
			return err
		}
	}
	t := &trial.Trial{Title: "random bits shared by both sides (" + f.method + ")", Config: f.cfg}
	for _, bits := range lengths {
		for seed := range f.seeds {
			measure := f.measureViews
			if f.method == clipMethod {
				measure = f.measurePairs
			}
			p, err := measure(ctx, s, bits, seed)
			if err != nil {
				return fmt.Errorf("%d bits, seed %d: %w", bits, seed, err)
			}
			join(t, p)
		}
	}
	return writeTrial(s, f.out, "randbit", "bits", t)
}

func parseBits(list string) (lengths []int, err error) {
	for _, text := range strings.Split(list, ",") {
		bits, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || bits < 0 || bits > scenes.MaxCodeBits {
			return nil, usageErrorf("--bits %q: want numbers from 0 to %d, such as 0,4,8", list, scenes.MaxCodeBits)
		}
		lengths = append(lengths, bits)
	}
	return lengths, nil
}

// measureViews is the experiment on pictures alone.
func (f *benchRandBit) measureViews(ctx context.Context, s streams, bits, seed int) (part, error) {
	cfg := f.cfg
	cfg.Bits, cfg.Seed = bits, uint64(seed)
	data := f.data
	data.Seed = uint64(seed)
	setting := strconv.Itoa(bits)
	config := struct {
		Run   unimodal.Config   `json:"run"`
		Data  trifeature.Config `json:"data"`
		Probe any               `json:"probe"`
	}{cfg, data, []any{f.probe, f.knn}}
	return doPart(f.partPath("bits-"+setting, seed), config, func() (part, error) {
		train, test, err := trifeature.Generate(data)
		if err != nil {
			return part{}, err
		}
		r, err := f.experiment(ctx, s, cfg, fmt.Sprintf("%d bits, seed %d", bits, seed), train, test)
		if err != nil {
			return part{}, err
		}
		return f.score(setting, seed, columnsOf(r), train, test)
	})
}
