package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/paired/trial"
	"github.com/mclclip/mclclip/data/scenes"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/mcl"
)

// benchAblate is everything that the command line of mclclip bench ablate says.
type benchAblate struct {
	machine   machineFlags
	grid      string
	out       string
	model     string
	seeds     int
	pairs     int
	bits      int
	questions int
	baseSteps int
}

func benchAblateCommand(s streams) *cli.Command {
	f := &benchAblate{grid: "clusters=8,32 groups=1,4", model: "tiny", seeds: 1, pairs: 8192, bits: 8, questions: 200, baseSteps: 1200}
	number := func(name, usage string, to *int) cli.Flag {
		return &cli.IntFlag{Name: name, Usage: usage, Value: *to, Destination: to}
	}
	return &cli.Command{
		Name:  "ablate",
		Usage: "fine-tune with every combination of some settings, and put the scores into one table and one picture",
		Description: "Draws pairs of figures with a code of random bits, trains one base model for each seed, and from it the stages and controls of\n" +
			"every combination of the grid; scores each on pairs that differ in texture or shape alone. Keys of the grid: " + strings.Join(ablateKeys(), ", ") + ".\n" +
			"Writes ablate.json, .txt and .png, and ablate_gain.png: the gain over the control against what the clusters leave of the code; called again, with the same or a larger grid, it does what is missing. Every step is an\n" +
			"ordinary command, shown on standard error.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "grid", Usage: "`KEY=VALUES` separated by spaces, values by commas", Value: f.grid, Destination: &f.grid},
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` of data and runs", Destination: &f.out},
			&cli.StringFlag{Name: "model", Usage: "architecture `NAME`, or an open_clip configuration (.json)", Value: f.model, Destination: &f.model},
			number("seeds", "runs of each combination", &f.seeds),
			number("pairs", "training pairs", &f.pairs),
			number("code-bits", "random bits that picture and caption share", &f.bits),
			number("pairs-per-feature", "pairs of the benchmark for each feature", &f.questions),
			number("base-steps", "optimisation steps of the base model", &f.baseSteps),
		}, f.machine.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *benchAblate) do(ctx context.Context, s streams) error {
	if err := require("out", f.out, "runs/ablate"); err != nil {
		return err
	}
	if f.seeds < 1 || f.bits < 0 || f.bits > scenes.MaxCodeBits {
		return usageErrorf("--seeds %d, --code-bits %d: want at least 1, and 0 to %d", f.seeds, f.bits, scenes.MaxCodeBits)
	}
	axes, err := parseGrid(f.grid)
	if err != nil {
		return err
	}
	for _, choice := range combinations(axes) {
		if err := f.check(choice); err != nil {
			return usageErrorf("--grid: %s: %w", settingName(axes, choice), err)
		}
	}
	t := &trial.Trial{Title: "ablation of " + f.grid, Config: map[string]any{"grid": f.grid, "pairs": f.pairs, "code_bits": f.bits, "base_steps": f.baseSteps, "model": f.model}}
	settings := map[string]any{"pairs": f.pairs, "pairs_per_feature": f.questions, "code_bits": f.bits, "base_steps": f.baseSteps, "model": f.model}
	if err := keepSettings(filepath.Join(f.out, "settings.json"), settings); err != nil {
		return err
	}
	if err := f.draw(ctx, s); err != nil {
		return err
	}
	for _, choice := range combinations(axes) {
		for seed := range f.seeds {
			p, err := f.measure(ctx, s, settingName(axes, choice), choice, seed)
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", settingName(axes, choice), seed, err)
			}
			join(t, p)
		}
	}
	if err := writeTrial(s, f.out, "ablate", "setting", t); err != nil {
		return err
	}
	if err := atomicfile.WriteFile(filepath.Join(f.out, "ablate.png"), func(w io.Writer) error { return ablateFigure(t, axes).WritePNG(w) }); err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(f.out, "ablate_gain.png"), func(w io.Writer) error { return f.gainFigure(t, axes).WritePNG(w) })
}

// check finds combinations that finetune would refuse, before anything is trained.
func (f *benchAblate) check(choice map[string]string) error {
	if _, err := mcl.Rule(settingOf(choice, integrateKey)); err != nil {
		return err
	}
	var numbers []int
	for _, key := range []string{"stages", "clusters", "groups", "batch-size", "steps"} {
		n, err := strconv.Atoi(settingOf(choice, key))
		if err != nil || n < 1 {
			return fmt.Errorf("%s=%s: want a whole number from 1 on", key, settingOf(choice, key))
		}
		numbers = append(numbers, n)
	}
	return mcl.CheckConstraint(int64(f.pairs), numbers[1], numbers[0], numbers[3], numbers[2])
}

func (f *benchAblate) pairsFolder() string { return filepath.Join(f.out, "pairs") }

func (f *benchAblate) draw(ctx context.Context, s streams) error {
	if exists(filepath.Join(f.pairsFolder(), scenes.BenchmarkFolder)) {
		return nil
	}
	return ownCommand(ctx, s, f.machine, "data", "scenes", "--out", f.pairsFolder(), "--mode", scenes.ModeTriple, "--colors", "1",
		"--code-bits", strconv.Itoa(f.bits), "--pairs", strconv.Itoa(f.pairs), "--held-out-pairs", "100", "--held-out-tenths", "0",
		"--pattern", "Texture", "--pattern", "Shape", "--pairs-per-pattern", strconv.Itoa(f.questions))
}

// measure trains and scores a combination, as far as that was not done before.
func (f *benchAblate) measure(ctx context.Context, s streams, name string, choice map[string]string, seed int) (part, error) {
	base := filepath.Join(f.out, "runs", "base-seed-"+strconv.Itoa(seed))
	err := f.finetune(ctx, s, base, seed, "--model", f.model, "--stages", "0", "--base-steps", strconv.Itoa(f.baseSteps), "--base-lr", "1e-3", "--batch-size", "64")
	if err != nil {
		return part{}, err
	}
	args := []string{"--pretrained", filepath.Join(base, "stage-0", "model"), "--control"}
	var words []string
	for _, d := range ablateDefaults {
		if d.key != integrateKey {
			value := settingOf(choice, d.key)
			args = append(args, "--"+d.key, value)
			if value != d.value { // so that a key that the grid learns later leaves the names of runs as they are
				words = append(words, d.key+"="+value)
			}
		}
	}
	run := filepath.Join(f.out, "runs", cmp.Or(strings.Join(words, ","), "defaults"), "seed-"+strconv.Itoa(seed))
	if err := f.finetune(ctx, s, run, seed, args...); err != nil {
		return part{}, err
	}
	rule := settingOf(choice, integrateKey)
	scores := filepath.Join(run, "mmvp-"+rule)
	if !exists(filepath.Join(scores, "mmvp.json")) {
		err := ownCommand(ctx, s, f.machine, "mmvp", "--run", run, "--data", filepath.Join(f.pairsFolder(), scenes.BenchmarkFolder), "--integrate", rule, "--out", scores)
		if err != nil {
			return part{}, err
		}
	}
	p, err := readPairScores(filepath.Join(scores, "mmvp.json"), name, seed)
	p.Scores = slices.DeleteFunc(p.Scores, func(s trial.Score) bool {
		return s.Column != "base" && s.Column != "integrated" && s.Column != "control"
	})
	return p, err
}

// finetune begins a run, goes on with it, or leaves it alone when it is done.
func (f *benchAblate) finetune(ctx context.Context, s streams, run string, seed int, args ...string) error {
	if exists(filepath.Join(run, mcl.IntegratedFile)) {
		return nil
	}
	args = append([]string{"finetune", "--pairs", filepath.Join(f.pairsFolder(), "train-*.parquet")}, args...)
	args = append(args, "--aug-scale", "1", "--seed", strconv.Itoa(seed), "--log-every-n-steps", "200", "--out", run)
	if exists(filepath.Join(run, mcl.ConfigFile)) {
		args = append(args, "--resume")
	}
	return ownCommand(ctx, s, f.machine, args...)
}
