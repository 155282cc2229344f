package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/data/scenes"
)

// The page is written when a run ends, once more with its scores, and by hand.
func TestReport(t *testing.T) {
	pairs, run := drawPairs(t, 160), filepath.Join(t.TempDir(), "x")
	if code, _, stderr := mclclip(t, "", trainArgs(pairs, run)...); code != codeDone {
		t.Fatalf("finetune: exit code %d, stderr %q", code, stderr)
	}
	benchmark := filepath.Join(pairs, scenes.BenchmarkFolder)
	shows(t, run, []string{`id="curves"`, "Features of base", "Features of stage-1", "mcl.clusters", `id="quality"`, "another seed of K-means: ARI", `<div class="strip"><img`}, []string{`id="scores"`})
	code, _, stderr := mclclip(t, "", "report", "--run", run, "--data", benchmark)
	if code != codeError || !strings.Contains(stderr, "mclclip mmvp --run") {
		t.Errorf("pictures of scores that are not there: exit code %d, stderr %q", code, stderr)
	}
	if code, _, stderr := mclclip(t, "", "mmvp", "--run", run, "--data", benchmark); code != codeDone {
		t.Fatalf("mmvp: exit code %d, stderr %q", code, stderr)
	}
	shows(t, run, []string{`id="scores"`, `id="pairs"`, `id="curves"`}, nil)

	figures := filepath.Join(t.TempDir(), "paper", "figures")
	if code, _, stderr := mclclip(t, "", "report", "--run", run, "--figures", figures); code != codeDone {
		t.Errorf("figures: exit code %d, stderr %q", code, stderr)
	}
	for _, name := range []string{"loss.png", "scores.png", "clusters.png"} {
		if _, err := os.Stat(filepath.Join(figures, name)); err != nil {
			t.Error(err)
		}
	}

	other := drawPairs(t, 40)
	another := filepath.Join(other, scenes.BenchmarkFolder)
	renameStatements(t, another)
	for _, args := range [][]string{{"mmvp", "--run", run, "--data", another}, {"report", "--run", run, "--data", another}} {
		code, _, stderr = mclclip(t, "", args...)
		if code != codeError || !strings.Contains(stderr, "another benchmark, "+benchmark) {
			t.Errorf("%s on another benchmark: exit code %d, stderr %q", args[0], code, stderr)
		}
	}

	if err := os.Rename(filepath.Join(pairs, "train-00000-of-00002.parquet"), filepath.Join(pairs, "elsewhere.parquet")); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := mclclip(t, "", "report", "--run", run); code != codeDone || strings.TrimSpace(stdout) != filepath.Join(run, reportFile) {
		t.Errorf("without the pairs: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	shows(t, run, []string{"Features of base"}, []string{`<div class="strip"><img`})
	code, _, stderr = mclclip(t, "", "report", "--run", run, "--pairs", filepath.Join(pairs, scenes.HeldOutFolder))
	if code != codeError || !strings.Contains(stderr, "not the pairs") {
		t.Errorf("with other pairs: exit code %d, stderr %q", code, stderr)
	}
}

func TestMmvpNamesTheFileOfADamagedImage(t *testing.T) {
	pairs, dir := drawPairs(t, 160), t.TempDir()
	base := filepath.Join(dir, "x")
	if code, _, stderr := mclclip(t, "", trainArgs(pairs, base)...); code != codeDone {
		t.Fatal(stderr)
	}
	benchmark := filepath.Join(pairs, scenes.BenchmarkFolder)
	images, err := filepath.Glob(filepath.Join(benchmark, "*", "*", "3.*"))
	if err != nil || len(images) != 1 {
		t.Fatalf("images %v, error %v", images, err)
	}
	whole, err := os.ReadFile(images[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(images[0], whole[:len(whole)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := mclclip(t, "", "mmvp", "--run", base, "--data", benchmark); code != codeError || !strings.Contains(stderr, images[0]+": ") {
		t.Errorf("exit code %d, stderr %q; want one that names %s", code, stderr, images[0])
	}
}

// renameStatements makes another benchmark of the same pictures.
func renameStatements(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "Questions.csv")
	table, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(table), "star", "moon")), 0o666); err != nil {
		t.Fatal(err)
	}
}

// shows checks what the page of a run has and has not.
func shows(t *testing.T, run string, parts, without []string) {
	t.Helper()
	html, err := os.ReadFile(filepath.Join(run, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if !strings.Contains(string(html), part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	for _, part := range without {
		if strings.Contains(string(html), part) {
			t.Errorf("the page has %s", part)
		}
	}
}
