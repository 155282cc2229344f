package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/data/scenes"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/mcl"
)

// benchRandBit is everything that the command line of mclclip bench randbit says.
type benchRandBit struct {
	machine    machineFlags
	out        string
	bits       string
	seeds      int
	pairs      int
	perFeature int
	model      string
	clusters   int
	groups     int
	baseSteps  int
	steps      int
}

func benchRandBitCommand(s streams) *cli.Command {
	f := &benchRandBit{bits: "0,4,8", seeds: 1, pairs: 8192, perFeature: 200, model: "tiny", clusters: 32, groups: 4, baseSteps: 1200, steps: 400}
	number := func(name, usage string, to *int) cli.Flag {
		return &cli.IntFlag{Name: name, Usage: usage, Value: *to, Destination: to}
	}
	return &cli.Command{
		Name:  "randbit",
		Usage: "suppress features by random bits that image and caption share, and see what brings them back",
		Description: "Draws figures with a code of random bits stamped in the picture and told in the caption, trains a base model, a stage of\n" +
			"MCL and its control, and scores each on pairs that differ in texture or shape alone. The more bits, the easier it is to\n" +
			"tell pairs apart without looking at the figure. Prints a table and writes randbit.json; called again, it goes on with\n" +
			"what is missing. Every step is an ordinary command, shown on standard error.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` of data and runs", Destination: &f.out},
			&cli.StringFlag{Name: "bits", Usage: "`NUMBERS` of bits, separated by commas", Value: f.bits, Destination: &f.bits},
			number("seeds", "runs for each number of bits", &f.seeds),
			number("pairs", "training pairs", &f.pairs),
			number("pairs-per-feature", "pairs of the benchmark for each feature", &f.perFeature),
			&cli.StringFlag{Name: "model", Usage: "architecture `NAME`, or an open_clip configuration (.json)", Value: f.model, Destination: &f.model},
			number("clusters", "clusters, K", &f.clusters),
			number("groups", "labels in a batch of 64, G", &f.groups),
			number("base-steps", "optimisation steps of the base model", &f.baseSteps),
			number("steps", "optimisation steps of the stage and of the control", &f.steps),
		}, f.machine.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

// bitScore is what one run got.
type bitScore struct {
	Bits     int              `json:"bits"`
	Seed     int              `json:"seed"`
	Features []string         `json:"features"`
	Right    map[string][]int `json:"pairs_right"` // by column: pairs right of each feature
	Of       int              `json:"pairs"`       // of a feature
	P        float64          `json:"p_value"`     // control to integrated, McNemar
}

func (f *benchRandBit) do(ctx context.Context, s streams) error {
	if err := require("out", f.out, "runs/randbit"); err != nil {
		return err
	}
	if f.seeds < 1 {
		return usageErrorf("--seeds %d: want at least 1", f.seeds)
	}
	lengths, err := parseBits(f.bits)
	if err != nil {
		return err
	}
	var scores []bitScore
	for _, bits := range lengths {
		for seed := range f.seeds {
			score, err := f.measure(ctx, s, bits, seed)
			if err != nil {
				return fmt.Errorf("%d bits, seed %d: %w", bits, seed, err)
			}
			scores = append(scores, score)
		}
	}
	err = atomicfile.WriteFile(filepath.Join(f.out, "randbit.json"), func(w io.Writer) error { return printJSON(w, scores) })
	if err != nil {
		return err
	}
	return printBitScores(s.stdout, scores)
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

// measure draws pairs, trains and scores, as far as that was not done before.
func (f *benchRandBit) measure(ctx context.Context, s streams, bits, seed int) (bitScore, error) {
	pairs := filepath.Join(f.out, fmt.Sprintf("bits-%d", bits), "pairs")
	run := filepath.Join(f.out, fmt.Sprintf("bits-%d", bits), fmt.Sprintf("seed-%d", seed))
	if !exists(filepath.Join(pairs, scenes.BenchmarkFolder)) {
		err := f.command(ctx, s, "data", "scenes", "--out", pairs, "--mode", scenes.ModeTriple, "--colors", "1", "--code-bits", strconv.Itoa(bits),
			"--pairs", strconv.Itoa(f.pairs), "--held-out-pairs", "100", "--held-out-tenths", "0",
			"--pattern", "Texture", "--pattern", "Shape", "--pairs-per-pattern", strconv.Itoa(f.perFeature))
		if err != nil {
			return bitScore{}, err
		}
	}
	if !exists(filepath.Join(run, mcl.IntegratedFile)) {
		args := []string{"finetune", "--pairs", filepath.Join(pairs, "train-*.parquet"), "--model", f.model, "--base-lr", "1e-3", "--lr", "1e-3",
			"--batch-size", "64", "--groups", strconv.Itoa(f.groups), "--stages", "1", "--clusters", strconv.Itoa(f.clusters),
			"--base-steps", strconv.Itoa(f.baseSteps), "--steps", strconv.Itoa(f.steps), "--aug-scale", "1", "--control",
			"--seed", strconv.Itoa(seed), "--log-every-n-steps", "200", "--out", run}
		if exists(filepath.Join(run, mcl.ConfigFile)) {
			args = append(args, "--resume")
		}
		if err := f.command(ctx, s, args...); err != nil {
			return bitScore{}, err
		}
	}
	table := filepath.Join(run, "mmvp", "mmvp.json")
	if !exists(table) {
		if err := f.command(ctx, s, "mmvp", "--run", run, "--data", filepath.Join(pairs, scenes.BenchmarkFolder)); err != nil {
			return bitScore{}, err
		}
	}
	score, err := readBitScore(table)
	score.Bits, score.Seed = bits, seed
	return score, err
}

// command carries out a command of this program; its results go where the log goes.
func (f *benchRandBit) command(ctx context.Context, s streams, args ...string) error {
	if args[0] != "data" {
		args = append(args, "--device", f.machine.device, "--threads", strconv.Itoa(f.machine.threads), "--workers", strconv.Itoa(f.machine.workers))
	}
	fmt.Fprintf(s.stderr, "$ mclclip %s\n", strings.Join(args, " "))
	return newApp(streams{s.stdin, s.stderr, s.stderr}).RunContext(ctx, append([]string{"mclclip"}, args...))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func readBitScore(path string) (score bitScore, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return score, err
	}
	var report mmvp.Report
	if err := json.Unmarshal(raw, &report); err != nil {
		return score, fmt.Errorf("%s: %w", path, err)
	}
	score.Features, score.Right = report.Patterns, map[string][]int{}
	for _, column := range report.Columns {
		for _, tally := range column.Result.Patterns {
			score.Right[column.Name] = append(score.Right[column.Name], tally.Right)
			score.Of = tally.Of
		}
	}
	for _, c := range report.Comparisons {
		if c.First == "control" {
			score.P = c.P
		}
	}
	return score, nil
}

// printBitScores prints a line for each run: pairs right in per cent, by feature.
func printBitScores(w io.Writer, scores []bitScore) error {
	columns := []string{"base", "stage-1", "integrated", "control"}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "bits\tseed\t%s\tp\n", strings.Join(columns, "\t"))
	for _, s := range scores {
		fmt.Fprintf(table, "%d\t%d", s.Bits, s.Seed)
		for _, column := range columns {
			var cells []string
			for _, right := range s.Right[column] {
				cells = append(cells, fmt.Sprintf("%.1f", 100*float64(right)/float64(s.Of)))
			}
			fmt.Fprintf(table, "\t%s", strings.Join(cells, " / "))
		}
		fmt.Fprintf(table, "\t%.2g\n", s.P)
	}
	if len(scores) > 0 {
		fmt.Fprintf(table, "\nPairs right in per cent: %s. p: control to integrated, McNemar's test.\n", strings.Join(scores[0].Features, " / "))
	}
	return table.Flush()
}
