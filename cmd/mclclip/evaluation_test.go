package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/bench/paired"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/data/embedding"
	"github.com/mclclip/mclclip/data/scenes"
)

// evaluated runs a benchmark with --json and returns its report.
func evaluated(t *testing.T, args ...string) paired.Report {
	t.Helper()
	code, stdout, stderr := mclclip(t, "", append(append([]string{"bench"}, args...), "--json")...)
	if code != codeDone {
		t.Fatalf("%v: exit code %d, stderr %q", args, code, stderr)
	}
	var r paired.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v: %v in %q", args, err, stdout)
	}
	return r
}

// columns are the names of a report's columns.
func columns(r paired.Report) string {
	var names []string
	for _, c := range r.Columns {
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

// value is a figure of a column.
func value(t *testing.T, r paired.Report, column, metric string) float64 {
	t.Helper()
	for _, c := range r.Columns {
		for _, m := range c.Metrics {
			if c.Name == column && m.Name == metric {
				return m.Value
			}
		}
	}
	t.Fatalf("no %s of %s in %+v", metric, column, r)
	return 0
}

// classFolder unpacks shards into a folder of images for each class.
func classFolder(t *testing.T, shards, label string) string {
	t.Helper()
	source, err := data.Open([]string{shards}, data.Options{LabelColumn: label})
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for p, err := range source.Pairs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(root, p.Captions[0])
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.png", p.Row)), p.Image, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// classNames lists the colors of shards, in the order of the classes.
func classNames(t *testing.T, shards string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(classFolder(t, shards, "color"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestEvaluationOfARun(t *testing.T) {
	pairs, run := drawPairs(t, 160), filepath.Join(t.TempDir(), "x")
	if code, _, stderr := mclclip(t, "", trainArgs(pairs, run, "--control", "--stages", "1")...); code != codeDone {
		t.Fatalf("finetune: exit code %d, stderr %q", code, stderr)
	}
	shards := filepath.Join(pairs, "train-*.parquet")
	const all = "base stage-1 integrated control"

	zeroshot := evaluated(t, "zeroshot", "--run", run, "--pairs", shards, "--label-column", "color")
	if columns(zeroshot) != all || zeroshot.Columns[0].Metrics[0].Items != 160 || len(zeroshot.Comparisons) == 0 {
		t.Errorf("zeroshot: %+v", zeroshot)
	}
	folder := evaluated(t, "zeroshot", "--run", run, "--images", classFolder(t, shards, "color"))
	probe := evaluated(t, "probe", "--run", run, "--pairs", shards, "--label-column", "color", "--test-share", "0.25")
	if columns(probe) != all || probe.Columns[0].Metrics[0].Items < 30 {
		t.Errorf("probe: %+v", probe)
	}
	retrieval := evaluated(t, "retrieval", "--run", run, "--pairs", shards)
	if columns(retrieval) != all {
		t.Errorf("retrieval: %+v", retrieval)
	}
	for _, name := range []string{"zeroshot", "probe", "retrieval"} {
		for _, ending := range []string{".json", ".csv"} {
			if _, err := os.Stat(filepath.Join(run, "bench", name+ending)); err != nil {
				t.Error(err)
			}
		}
	}

	for name, item := range map[string]string{"retrieval": "text to image R@1", "probe": "linear probe"} {
		csv, err := os.ReadFile(filepath.Join(run, "bench", name+".csv"))
		if rows := regexp.MustCompile(`(?m)^base,`+item+`,\d+,(true|false),.+$`).FindAll(csv, -1); err != nil || len(rows) < 30 {
			t.Errorf("%s: %d rows with names, %v", name, len(rows), err)
		}
	}

	emb := filepath.Join(t.TempDir(), "emb")
	if code, _, stderr := mclclip(t, "", "export", "--run", run, "--pairs", shards, "--key-column", "color", "--normalize=false", "--out", emb); code != codeDone {
		t.Fatalf("export: exit code %d, stderr %q", code, stderr)
	}
	if set, err := embedding.Read(emb); err != nil || set.Meta.Integration != "concat" {
		t.Errorf("meta data of the export: %+v, %v", set, err)
	}
	exported := evaluated(t, "probe", "--embeddings", emb, "--label-column", "key", "--test-share", "0.25")
	found := evaluated(t, "retrieval", "--embeddings", emb)
	for _, column := range strings.Fields("base stage-1 integrated") {
		if a, b := value(t, probe, column, "linear probe"), value(t, exported, column, "linear probe"); a != b {
			t.Errorf("%s: linear probe %v of the run, %v of its export", column, a, b)
		}
		if a, b := value(t, retrieval, column, "text to image R@5"), value(t, found, column, "text to image R@5"); a != b {
			t.Errorf("%s: R@5 %v of the run, %v of its export", column, a, b)
		}
		if a, b := value(t, zeroshot, column, "top-1"), value(t, folder, column, "top-1"); a != b {
			t.Errorf("%s: top-1 %v of the shards, %v of the folder with the same images", column, a, b)
		}
	}
	classes := filepath.Join(t.TempDir(), "classes.txt")
	if err := os.WriteFile(classes, []byte(strings.Join(classNames(t, shards), "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	joined := evaluated(t, "zeroshot", "--embeddings", emb, "--label-column", "key", "--classes", classes,
		"--class-features", filepath.Join(run, "bench", "class-features", "integrated.npy"))
	if a, b := value(t, zeroshot, "integrated", "top-1"), value(t, joined, "emb", "top-1"); a != b {
		t.Errorf("integrated: top-1 %v of the run, %v of its export", a, b)
	}
	same := evaluated(t, "retrieval", "--embeddings", emb, "--same-image", "caption")
	if same.Settings["captions"] != "160" || same.Settings["images"] == "160" {
		t.Errorf("rows of one caption are not one image: %v", same.Settings)
	}
	rulesFittedToARun(t, pairs, run, shards)
	foldersWithFaults(t, run, classFolder(t, shards, "color"))
}

// foldersWithFaults measures on a folder with a damaged image and a class without images: both are named, and the rest is
// measured and named in the CSV.
func foldersWithFaults(t *testing.T, run, folder string) {
	t.Helper()
	images, err := filepath.Glob(filepath.Join(folder, "*", "*.png"))
	if err != nil || len(images) == 0 {
		t.Fatal(images, err)
	}
	if err := errors.Join(os.Truncate(images[0], 40), os.Mkdir(filepath.Join(folder, "transparent"), 0o777)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"zeroshot", "probe"} {
		out := t.TempDir()
		code, stdout, stderr := mclclip(t, "", "bench", name, "--run", run, "--images", folder, "--out", out)
		if code != codeSkipped || !strings.Contains(stdout, "base") {
			t.Errorf("%s: exit code %d, stdout %q", name, code, stdout)
		}
		for _, want := range []string{images[0] + " is left out", "1 of 160 rows was skipped", "folders without images, which are no classes: transparent"} {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: no %q in %q", name, want, stderr)
			}
		}
		csv, err := os.ReadFile(filepath.Join(out, name+".csv"))
		if err != nil || !strings.Contains(string(csv), ".png\n") || strings.Contains(string(csv), images[0]) {
			t.Errorf("%s: %v, %.200q", name, err, csv)
		}
	}
	for _, path := range images {
		if err := os.Truncate(path, 40); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := mclclip(t, "", "bench", "zeroshot", "--run", run, "--images", folder); code != codeError || !strings.Contains(stderr, "none of the images can be used") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

// rulesFittedToARun fits weights and uses them.
func rulesFittedToARun(t *testing.T, pairs, run, shards string) {
	t.Helper()
	benchmark := filepath.Join(pairs, scenes.BenchmarkFolder)
	code, _, stderr := mclclip(t, "", "mmvp", "--run", run, "--data", benchmark, "--integrate", "weighted")
	if code != codeUsage || !strings.Contains(stderr, "mclclip integrate --run") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("weights that are not fitted: exit code %d, stderr %q", code, stderr)
	}
	for _, rule := range []string{"weighted", "attention"} {
		code, stdout, stderr := mclclip(t, "", "integrate", "--run", run, "--rule", rule, "--pairs", shards)
		if code != codeDone || !strings.Contains(stdout, "base, control-1: held-out loss") || !strings.Contains(stderr, "that the run was trained on") {
			t.Fatalf("integrate: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
		}
		out := filepath.Join(t.TempDir(), "emb")
		for _, args := range [][]string{
			{"mmvp", "--run", run, "--data", benchmark, "--integrate", rule},
			{"bench", "retrieval", "--run", run, "--pairs", shards, "--integrate", rule},
			{"export", "--run", run, "--pairs", shards, "--integrate", rule, "--out", out},
		} {
			if code, _, stderr := mclclip(t, "", args...); code != codeDone {
				t.Errorf("%v: exit code %d, stderr %q", args, code, stderr)
			}
		}
		set, err := embedding.Read(out)
		if err != nil || set.Meta.Integration != rule || (len(set.Meta.Weights) == 2) != (rule == "weighted") {
			t.Errorf("meta data: %+v, %v", set.Meta, err)
		}
	}
	code, _, stderr = mclclip(t, "", "export", "--run", run, "--pairs", shards, "--stages", "base", "--integrate", "weighted", "--out", t.TempDir())
	if code != codeUsage || !strings.Contains(stderr, "was not fitted to base:") {
		t.Errorf("weights of other models: exit code %d, stderr %q", code, stderr)
	}
}
