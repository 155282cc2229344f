package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/data/scenes"
)

func TestScenes(t *testing.T) {
	out := filepath.Join(t.TempDir(), "scenes")
	args := []string{"data", "scenes", "--out", out, "--pairs", "40", "--held-out-pairs", "10", "--pairs-per-pattern", "2", "--size", "32", "--pattern", "Color", "--rows-per-shard", "25"}
	code, stdout, stderr := mclclip(t, "", append(args, "--json")...)
	if code != codeDone || stderr != "" {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	var sum scenes.Summary
	if err := json.Unmarshal([]byte(stdout), &sum); err != nil {
		t.Fatal(err)
	}
	shards, err := filepath.Glob(filepath.Join(out, "train-*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if sum.Train != 40 || len(shards) != 2 {
		t.Errorf("%d pairs told, in %v; want 40 in 2 shards", sum.Train, shards)
	}
	benchmark, err := mmvp.Open(filepath.Join(out, scenes.BenchmarkFolder))
	if err != nil {
		t.Fatal(err)
	}
	if len(benchmark.Questions) != 4 || benchmark.Questions[0].Pattern != "Color" {
		t.Errorf("benchmark has the questions %+v, want 2 pairs of Color", benchmark.Questions)
	}

	code, stdout, stderr = mclclip(t, "", args...)
	if code != codeError || stdout != "" || !strings.Contains(stderr, out) {
		t.Errorf("into a folder that is there: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestWrongUseOfData(t *testing.T) {
	t.Chdir(t.TempDir())
	cases := []struct {
		args []string
		want string
	}{
		{[]string{"data", "scenes"}, "--out is missing, for instance --out"},
		{[]string{"data", "scenes", "--out", "x", "--size", "3"}, "size 3: want 32 to 512"},
		{[]string{"data", "scenes", "--out", "x", "--mode", "threefold"}, `mode "threefold": want`},
		{[]string{"data", "scenes", "--out", "x", "--seed", "-1"}, `--seed "-1": want a whole number from 0 on`},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			code, stdout, stderr := mclclip(t, "", c.args...)
			if code != codeUsage || stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 2 and nothing", code, stdout)
			}
			if !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("stderr is %q, want one line with %q", stderr, c.want)
			}
		})
	}
	if entries, _ := os.ReadDir("."); len(entries) != 0 {
		t.Errorf("wrong use left %v behind", entries)
	}
}
