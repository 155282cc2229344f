package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train/metrics"
)

// torture is a run that is killed and goes on, and the run that was left alone.
type torture struct {
	pairs string
	alone string // folder of the run that was left alone
	took  time.Duration
}

// tortureBatch divides no epoch of torturePairs evenly, so that rows wait from one to the next.
const torturePairs, tortureBatch = 168, 16

func startTorture(t *testing.T) *torture {
	t.Helper()
	x := &torture{pairs: drawPairs(t, torturePairs), alone: filepath.Join(t.TempDir(), "alone")}
	start := time.Now()
	if code, said := x.finetune(t.Context(), x.alone); code != codeDone {
		t.Fatalf("the run that is left alone: exit code %d, %s", code, said)
	}
	x.took = time.Since(start)
	checkEpochs(t, x.alone)
	return x
}

// finetune runs the program on out, with --resume where a run was begun; code is -1 where it was killed.
func (x *torture) finetune(ctx context.Context, out string, env ...string) (code int, said string) {
	return program(ctx, x.args(out), env...)
}

// finetuneFor kills the program when a time is over.
func (x *torture) finetuneFor(t *testing.T, out string, span time.Duration) (code int, said string) {
	ctx, cancel := context.WithTimeout(t.Context(), max(span, time.Millisecond))
	defer cancel()
	return x.finetune(ctx, out)
}

func (x *torture) args(out string) []string {
	args := []string{"finetune", "--pairs", filepath.Join(x.pairs, "train-*.parquet"), "--model", "tiny", "--base-steps", "22",
		"--steps", "6", "--batch-size", strconv.Itoa(tortureBatch), "--groups", "2", "--stages", "2", "--clusters", "3", "--lr", "1e-3",
		"--lock-text", "--threads", "1", "--workers", "1", "--save-every", "4,epoch", "--out", out}
	if _, err := os.Stat(filepath.Join(out, mcl.ConfigFile)); err == nil {
		args = append(args, "--resume", "latest")
	}
	return args
}

// program runs this test binary as mclclip.
func program(ctx context.Context, args []string, env ...string) (code int, said string) {
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(append(os.Environ(), asProgram+"=mclclip"), env...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return codeDone, string(out)
	case errors.Is(err, context.DeadlineExceeded): // before it was started
		return -1, err.Error()
	case errors.As(err, &exit):
		if exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
			return -1, string(out)
		}
		return exit.ExitCode(), string(out)
	}
	return codeError, err.Error()
}

// checkEpochs checks that the base model of a run saw each pair once an epoch: 168 pairs are 10 batches of 16 and 8 pairs that
// wait, then 11 batches.
func checkEpochs(t *testing.T, run string) {
	t.Helper()
	pairs := map[int]int{}
	for _, r := range stepsOf(t, run) {
		if r.Phase == "base" {
			pairs[r.Epoch] += tortureBatch
		}
	}
	if pairs[0] != 160 || pairs[1] != 176 || pairs[2] != 16 || len(pairs) != 3 {
		t.Errorf("%s: pairs by epoch are %v, want 160, 176 and 16", run, pairs)
	}
}

// stepsOf are the steps of a run without what depends on the clock.
func stepsOf(t *testing.T, run string) []metrics.Record {
	t.Helper()
	steps, _, err := metrics.Read(filepath.Join(run, metrics.LinesFile))
	if err != nil {
		t.Fatal(err)
	}
	for i := range steps {
		steps[i].BatchSeconds, steps[i].DataSeconds, steps[i].PairsPerSecond = 0, 0, 0
	}
	return steps
}

// differences lists what a run left that is not as in the run that was left alone: models, labels and steps that differ, and
// what is missing or half made.
func (x *torture) differences(t *testing.T, run string) (list []string) {
	t.Helper()
	want, got := results(t, x.alone), results(t, run)
	for name, raw := range want {
		if !bytes.Equal(raw, got[name]) {
			list = append(list, name+" differs")
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			list = append(list, name+" was left")
		}
	}
	if !slices.Equal(stepsOf(t, run), stepsOf(t, x.alone)) {
		list = append(list, "the steps in metrics.jsonl differ")
	}
	return list
}

// results are the files of a folder whose bytes do not depend on the clock.
func results(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		switch {
		case err != nil || entry.IsDir():
			return err
		case strings.HasPrefix(name, metrics.BoardDir) || slices.Contains([]string{metrics.LinesFile, metrics.LogFile, "report.html", ".lock"}, name):
			return nil
		}
		out[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// killEverywhere starts a command again and again; each time it dies at the next fault point, until it reaches the end.
func killEverywhere(t *testing.T, start func(env ...string) (code int, said string)) (points []string) {
	t.Helper()
	log, kinds := filepath.Join(t.TempDir(), "points"), "named"
	if rounds() > shortRounds {
		kinds = "all"
	}
	for {
		code, said := start(killLog+"="+log, killKinds+"="+kinds)
		raw, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		points = strings.Fields(strings.ReplaceAll(strings.ReplaceAll(string(raw), " ", ":"), "\n", " "))
		if code == codeDone {
			return points
		}
		if code != -1 {
			t.Fatalf("after the kill at %s: exit code %d, %s", points[len(points)-1], code, said)
		}
	}
}

// Killed by SIGKILL at each fault point of training, saving, embedding, clustering, labelling, between stages, at the end and
// while exporting, and at random moments, a run ends in the bytes of one that was left alone.
func TestKilledRunsEndInTheSameBytes(t *testing.T) {
	x := startTorture(t)
	t.Run("at every fault point", x.killAtPoints)
	t.Run("at random moments", x.killAtRandom)
	t.Run("control", func(t *testing.T) {
		run := filepath.Join(t.TempDir(), "run")
		if code, said := program(t.Context(), append(x.args(run), "--seed", "1")); code != codeDone {
			t.Fatalf("exit code %d, %s", code, said)
		}
		if len(x.differences(t, run)) < 8 {
			t.Errorf("a run of another seed differs in %v only: the comparison does not see much", x.differences(t, run))
		}
	})
}

func (x *torture) killAtPoints(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	points := killEverywhere(t, func(env ...string) (int, string) { return x.finetune(t.Context(), run, env...) })
	if list := x.differences(t, run); len(list) > 0 {
		t.Error(list)
	}
	points = append(points, x.killExport(t, run)...)
	for _, point := range []string{"train.step", "train.copied", "mcl.embed", "mcl.captions", "mcl.cluster", "mcl.label", "mcl.between", "mcl.integrate", "export.write"} {
		if !slices.Contains(points, point) {
			t.Errorf("the fault point %s was not reached", point)
		}
	}
	t.Logf("died at %d fault points: %s", len(points), strings.Join(points, " "))
}

// killExport exports a run, killed at every fault point, and compares the result with an export that was left alone. A kill may come
// when the folder is there already; then it is whole.
func (x *torture) killExport(t *testing.T, run string) (points []string) {
	export := func(out string, env ...string) (int, string) {
		return program(t.Context(), []string{"export", "--run", run, "--pairs", filepath.Join(x.pairs, "train-*.parquet"), "--threads", "1", "--out", out}, env...)
	}
	alone, killed := filepath.Join(t.TempDir(), "alone"), filepath.Join(t.TempDir(), "killed")
	if code, said := export(alone); code != codeDone {
		t.Fatalf("export: exit code %d, %s", code, said)
	}
	want := results(t, alone)
	check := func() {
		got := results(t, killed)
		if len(want) == 0 || len(want) != len(got) {
			t.Errorf("the export that was killed left %d files, want %d", len(got), len(want))
		}
		for name, raw := range want {
			if !bytes.Equal(raw, got[name]) {
				t.Errorf("%s of the export that was killed differs", name)
			}
		}
	}
	points = killEverywhere(t, func(env ...string) (int, string) {
		if _, err := os.Stat(killed); err == nil {
			check()
			os.RemoveAll(killed)
		}
		return export(killed, env...)
	})
	check()
	return points
}

// shortRounds is how many random kills the usual tests try; ROUNDS, set by make torture, may be more.
const shortRounds = 3

func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("ROUNDS")); err == nil {
		return n
	}
	return shortRounds
}

func (x *torture) killAtRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 7))
	kills := 0
	for kills < rounds() {
		run := filepath.Join(t.TempDir(), "run")
		for again := 1 + random.IntN(2); again > 0; again-- {
			code, said := x.finetuneFor(t, run, time.Duration(random.Float64()*float64(x.took)))
			if code == codeDone {
				break
			}
			if code != -1 {
				t.Fatalf("kill %d: exit code %d, %s", kills, code, said)
			}
			kills++
		}
		if code, said := x.finetune(t.Context(), run); code != codeDone {
			t.Fatalf("kill %d: the run that goes on: exit code %d, %s", kills, code, said)
		}
		if list := x.differences(t, run); len(list) > 0 {
			t.Fatalf("kill %d: %v", kills, list)
		}
		os.RemoveAll(run)
	}
	t.Logf("killed %d times at random moments", kills)
}
