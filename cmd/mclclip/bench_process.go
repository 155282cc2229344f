package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/bench/speed"
)

// start runs mclclip mmvp from the start of its process to its end.
func (b *benchSide) start() (func() (speed.Round, error), func(), error) {
	out, err := os.MkdirTemp("", "mclclip-bench-*")
	return func() (r speed.Round, err error) {
		e, err := b.command("mmvp", "--json", "--pretrained", b.model, "--data", filepath.Join(b.material, "mmvp"), "--out", out)
		if err != nil {
			return r, err
		}
		percent, err := average(e.out)
		return speed.Round{Items: 1, Memory: e.memory, Values: []float64{percent}}, err
	}, func() { os.RemoveAll(out) }, err
}

// stages runs mclclip finetune and mmvp from the start of their processes to their ends.
func (b *benchSide) stages() (func() (speed.Round, error), func(), error) {
	index, err := b.index()
	if err != nil {
		return nil, nil, err
	}
	const stages, clusters = 2, 2
	steps := int(index.Usable()) / b.batch
	out, err := os.MkdirTemp("", "mclclip-bench-*")
	machine := []string{"--threads", strconv.Itoa(b.threads), "--workers", strconv.Itoa(b.workers)}
	return func() (r speed.Round, err error) {
		run := filepath.Join(out, "run")
		defer os.RemoveAll(run)
		train, err := b.command(append([]string{"finetune", "--pairs", filepath.Join(b.material, "pairs", "*.parquet"), "--pretrained", b.model, "--out", run,
			"--lock-text", "--lock-image", "--lock-image-unlocked-groups", "6", "--stages", strconv.Itoa(stages), "--clusters", strconv.Itoa(clusters),
			"--batch-size", strconv.Itoa(b.batch), "--groups", "1", "--steps", strconv.Itoa(steps), "--warmup", "0", "--precision", b.precision}, machine...)...)
		if err != nil {
			return r, err
		}
		score, err := b.command(append([]string{"mmvp", "--json", "--run", run, "--data", filepath.Join(b.material, "mmvp")}, machine...)...)
		if err != nil {
			return r, err
		}
		dataset, err := mmvp.Open(filepath.Join(b.material, "mmvp"))
		if err != nil {
			return r, err
		}
		pairs := float64(stages * steps * b.batch)
		return speed.Round{Items: pairs, Memory: max(train.memory, score.memory), Values: []float64{pairs, float64(len(dataset.Questions))}}, nil
	}, func() { os.RemoveAll(out) }, err
}

// commandResult is what a command of mclclip left: its standard output and its peak memory in bytes.
type commandResult struct {
	out    []byte
	memory int64
}

// command runs mclclip with some arguments in a process of its own.
func (b *benchSide) command(args ...string) (r commandResult, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	var out, log bytes.Buffer
	command := exec.CommandContext(b.ctx, self, args...)
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil {
		return r, fmt.Errorf("mclclip %s: %w: %s", args[0], err, log.String())
	}
	r.out = out.Bytes()
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.memory = usage.Maxrss << 10
	}
	return r, nil
}

// average is the share of pairs that a model has right, from the report in JSON.
func average(report []byte) (float64, error) {
	var r struct {
		Columns []struct {
			Result struct {
				Average float64 `json:"average_percent"`
			} `json:"result"`
		} `json:"columns"`
	}
	if err := json.Unmarshal(report, &r); err != nil {
		return 0, err
	}
	if len(r.Columns) != 1 {
		return 0, fmt.Errorf("the report has %d columns, want 1", len(r.Columns))
	}
	return r.Columns[0].Result.Average, nil
}
