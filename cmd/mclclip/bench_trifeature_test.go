package main

import (
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBenchTrifeature(t *testing.T) {
	out := filepath.Join(t.TempDir(), "trifeature")
	args := []string{"bench", "trifeature", "--out", out, "--methods", "moco", "--seeds", "1", "--versions", "1", "--size", "16", "--stages", "2",
		"--clusters", "2", "--width", "4", "--batch-size", "32", "--queue", "64", "--groups", "2", "--base-steps", "2", "--steps", "2", "--threads", "1"}
	code, table, stderr := mclclip(t, "", args...)
	if code != codeDone {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	got := readTrial(t, out, "trifeature")
	// base, two stages, integrated, control and wide; three features by two probes
	if len(got.Scores) != 6*6 || len(got.Verdicts) != 2*6 || !strings.Contains(table, "wide to integrated") {
		t.Errorf("%d scores, %d verdicts, table\n%s", len(got.Scores), len(got.Verdicts), table)
	}
	gallery, err := os.Open(filepath.Join(out, "neighbors-moco-0.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer gallery.Close()
	if _, err := png.Decode(gallery); err != nil {
		t.Error(err)
	}
	for _, c := range [][3]string{{"--methods", "byol", "--methods"}, {"--tied", "color", "--tied"}, {"--split", "odd", "--split"}} {
		bad := append(slices.Clone(args), c[0], c[1])
		if c[0] == "--tied" {
			bad = append(bad, "--split", "correlated")
		}
		if code, _, stderr := mclclip(t, "", bad...); code != codeUsage || !strings.Contains(stderr, c[2]) {
			t.Errorf("%v: exit code %d, stderr %q", c, code, stderr)
		}
	}
}

func TestNearestNeighboursInOrder(t *testing.T) {
	x := [][]float32{{1, 0}, {1, .1}, {1, .2}, {0, 1}, {1, .4}, {1, .3}}
	all := func(int, int) bool { return true }
	if got := nearestTo(x, []int{0}, all)[0]; !slices.Equal(got, []int{1, 2, 5, 4}) {
		t.Errorf("got %v, want [1 2 5 4]", got)
	}
	odd := func(_, row int) bool { return row%2 == 1 }
	if got := nearestTo(x, []int{0}, odd)[0]; !slices.Equal(got, []int{1, 5, 3}) {
		t.Errorf("among odd rows: %v, want [1 5 3]", got)
	}
}
