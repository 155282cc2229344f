package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/bench/paired/trial"
	"github.com/mclclip/mclclip/data/scenes"
	"github.com/mclclip/mclclip/mcl"
)

// measurePairs draws pairs, trains and scores by the program's own commands, as far as that was not done before.
func (f *benchRandBit) measurePairs(ctx context.Context, s streams, bits, seed int) (part, error) {
	pairs := filepath.Join(f.out, fmt.Sprintf("bits-%d", bits), "pairs")
	run := filepath.Join(f.out, fmt.Sprintf("bits-%d", bits), fmt.Sprintf("seed-%d", seed))
	if !exists(filepath.Join(pairs, scenes.BenchmarkFolder)) {
		err := f.command(ctx, s, "data", "scenes", "--out", pairs, "--mode", scenes.ModeTriple, "--colors", "1", "--code-bits", strconv.Itoa(bits),
			"--pairs", strconv.Itoa(f.pairs), "--held-out-pairs", "100", "--held-out-tenths", "0",
			"--pattern", "Texture", "--pattern", "Shape", "--pairs-per-pattern", strconv.Itoa(f.perFeature))
		if err != nil {
			return part{}, err
		}
	}
	if !exists(filepath.Join(run, mcl.IntegratedFile)) {
		args := []string{"finetune", "--pairs", filepath.Join(pairs, "train-*.parquet"), "--model", f.model, "--base-lr", "1e-3", "--lr", number(f.cfg.Train.LR),
			"--batch-size", strconv.Itoa(f.cfg.Train.BatchSize), "--groups", strconv.Itoa(f.cfg.Train.Groups), "--stages", strconv.Itoa(f.cfg.Stages),
			"--clusters", strconv.Itoa(f.cfg.Clusters), "--base-steps", strconv.Itoa(f.cfg.BaseSteps), "--steps", strconv.Itoa(f.cfg.Steps),
			"--aug-scale", "1", "--control", "--seed", strconv.Itoa(seed), "--log-every-n-steps", "200", "--out", run}
		if exists(filepath.Join(run, mcl.ConfigFile)) {
			args = append(args, "--resume")
		}
		if err := f.command(ctx, s, args...); err != nil {
			return part{}, err
		}
	}
	table := filepath.Join(run, "mmvp", "mmvp.json")
	if !exists(table) {
		if err := f.command(ctx, s, "mmvp", "--run", run, "--data", filepath.Join(pairs, scenes.BenchmarkFolder)); err != nil {
			return part{}, err
		}
	}
	return readPairScores(table, strconv.Itoa(bits), seed)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// command carries out a command of this program; its results go where the log goes.
func (f *benchRandBit) command(ctx context.Context, s streams, args ...string) error {
	return ownCommand(ctx, s, f.machine, args...)
}

// ownCommand carries out a command of this program; its results go where the log goes.
func ownCommand(ctx context.Context, s streams, m machineFlags, args ...string) error {
	if args[0] != "data" {
		args = append(args, "--device", m.device, "--threads", strconv.Itoa(m.threads), "--workers", strconv.Itoa(m.workers))
	}
	fmt.Fprintf(s.stderr, "$ mclclip %s\n", strings.Join(args, " "))
	return runApp(ctx, streams{s.stdin, s.stderr, s.stderr, s.program}, append([]string{s.program}, args...))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// readPairScores takes the columns of a benchmark's table, by feature.
func readPairScores(path, setting string, seed int) (p part, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return p, err
	}
	var report mmvp.Report
	if err := json.Unmarshal(raw, &report); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	for k, pattern := range report.Patterns {
		for _, column := range report.Columns {
			tally := column.Result.Patterns[k]
			p.Scores = append(p.Scores, trial.Score{Setting: setting, Seed: seed, Column: column.Name, Metric: pattern, Right: tally.Right, Of: tally.Of})
		}
	}
	for _, c := range report.Comparisons {
		if c.First != "control" || c.Second != "integrated" {
			continue
		}
		for _, pattern := range report.Patterns {
			p.Changes = append(p.Changes, trial.Change{
				Setting: setting, Seed: seed, Metric: pattern, From: c.First, To: c.Second,
				Gained: ofPattern(report.Questions, c.Gained, pattern), Lost: ofPattern(report.Questions, c.Lost, pattern),
			})
		}
	}
	return p, nil
}

// ofPattern counts the pairs, by index, of a pattern; two questions are a pair.
func ofPattern(questions []mmvp.Question, pairs []int, pattern string) (n int) {
	for _, pair := range pairs {
		if questions[2*pair].Pattern == pattern {
			n++
		}
	}
	return n
}
