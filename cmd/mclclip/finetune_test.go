package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/data/scenes"
	"github.com/mclclip/mclclip/mcl"
)

// drawPairs makes scenes to train on and returns their folder.
func drawPairs(t *testing.T, pairs int) string {
	t.Helper()
	c := scenes.DefaultConfig()
	c.Size, c.Pairs, c.HeldOut, c.PairsPerPattern, c.RowsPerShard = 32, pairs, 10, 2, pairs/2
	dir := filepath.Join(t.TempDir(), "scenes")
	if _, err := scenes.Write(t.Context(), dir, c); err != nil {
		t.Fatal(err)
	}
	return dir
}

// trainArgs trains a base model, two stages and the controls for a few steps. Further flags with a value take the place of
// those.
func trainArgs(pairs, out string, more ...string) []string {
	args := []string{
		"finetune", "--pairs", filepath.Join(pairs, "train-*.parquet"), "--model", "tiny", "--base-steps", "3", "--steps", "3",
		"--batch-size", "16", "--groups", "2", "--stages", "2", "--clusters", "3", "--lr", "1e-3", "--threads", "1", "--out", out,
	}
	for _, word := range more {
		if at := slices.Index(args, word); at > 0 && strings.HasPrefix(word, "--") {
			args = slices.Delete(args, at, at+2)
		}
	}
	return append(args, more...)
}

func TestFinetuneMmvpExport(t *testing.T) {
	pairs, run := drawPairs(t, 160), filepath.Join(t.TempDir(), "runs", "x")
	code, stdout, stderr := mclclip(t, "", trainArgs(pairs, run, "--control", "--lock-text")...)
	if code != codeDone || strings.TrimSpace(stdout) != filepath.Join(run, mcl.IntegratedFile) {
		t.Fatalf("finetune: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	for _, line := range []string{"stage-1: parameters that train: ", "stage-1: parameters that stay: ", "visual.*, logit_scale", "token_embedding.*, positional_embedding, transformer.*, ln_final.*, text_projection"} {
		if !strings.Contains(stderr, line) {
			t.Errorf("the log lacks %q:\n%s", line, stderr)
		}
	}
	for _, name := range []string{"config.json", "log.txt", "metrics.jsonl", "pairs/index.json", "stage-2/labels.parquet", "stage-2/centroids.safetensors", "control-2/model/open_clip_config.json"} {
		if _, err := os.Stat(filepath.Join(run, name)); err != nil {
			t.Errorf("the run folder lacks %s", name)
		}
	}

	benchmark := filepath.Join(pairs, scenes.BenchmarkFolder)
	code, table, stderr := mclclip(t, "", "mmvp", "--run", run, "--data", benchmark)
	if code != codeDone {
		t.Fatalf("mmvp: exit code %d, stderr %q", code, stderr)
	}
	for _, column := range []string{"base", "stage-1", "stage-2", "integrated", "control"} {
		if !strings.Contains(table, column) {
			t.Errorf("the table has no column %s:\n%s", column, table)
		}
	}
	if _, again, _ := mclclip(t, "", "mmvp", "--run", run, "--data", benchmark); again != table {
		t.Errorf("a second run gives another table:\n%s\n%s", table, again)
	}
	stage1 := filepath.Join(run, "stage-1", "model")
	code, single, stderr := mclclip(t, "", "mmvp", "--model", "tiny", "--pretrained", stage1, "--data", benchmark, "--json")
	if code != codeDone || !json.Valid([]byte(single)) {
		t.Errorf("mmvp of one model: exit code %d, stderr %q", code, stderr)
	}

	base := filepath.Join(t.TempDir(), "base") // which is also the name of a column
	if err := os.CopyFS(base, os.DirFS(stage1)); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := mclclip(t, "", "mmvp", "--pretrained", base, "--data", benchmark); code != codeDone {
		t.Errorf("mmvp of a folder called base: exit code %d, stderr %q", code, stderr)
	}
	if code, _, stderr := mclclip(t, "", "mmvp", "--model", "small", "--pretrained", stage1, "--data", benchmark); code != codeError || !strings.Contains(stderr, "--model small is not the architecture") {
		t.Errorf("mmvp of another model: exit code %d, stderr %q", code, stderr)
	}

	for _, rule := range mcl.RuleNames[1:] {
		code, other, stderr := mclclip(t, "", "mmvp", "--run", run, "--data", benchmark, "--integrate", rule)
		if code != codeDone || !strings.Contains(other, "integrated") {
			t.Errorf("mmvp --integrate %s: exit code %d, stderr %q", rule, code, stderr)
		}
	}
	for _, more := range [][]string{{}, {"--format", "npy", "--dtype", "float16"}, {"--integrate", "concat-normalized"}, {"--sum"}, {"--stages", "base,stage-2", "--normalize=false"}} {
		out := filepath.Join(t.TempDir(), "emb")
		args := append([]string{"export", "--run", run, "--pairs", filepath.Join(pairs, scenes.HeldOutFolder), "--out", out}, more...)
		if code, _, stderr := mclclip(t, "", args...); code != codeDone {
			t.Errorf("export %v: exit code %d, stderr %q", more, code, stderr)
		}
		if entries, err := os.ReadDir(out); err != nil || len(entries) == 0 {
			t.Errorf("export %v wrote nothing: %v", more, err)
		}
	}
	code, _, stderr = mclclip(t, "", "export", "--run", run, "--pairs", pairs, "--out", pairs)
	if code != codeError || !strings.Contains(stderr, "--out") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("export into a filled folder: exit code %d, stderr %q; want one line, before any pair is read", code, stderr)
	}
}

func TestFinetuneRefusesAFolderInUse(t *testing.T) {
	pairs, run := drawPairs(t, 80), filepath.Join(t.TempDir(), "x")
	args := trainArgs(pairs, run, "--stages", "1")
	if code, _, stderr := mclclip(t, "", args...); code != codeDone {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	before, err := os.ReadFile(filepath.Join(run, "log.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		more []string
		want string
	}{
		{nil, "holds a run already"},
		{[]string{"--resume", "--lr", "0.5"}, "--lr was 0.001, is now 0.5"},
		{[]string{"--resume", "--clusters", "2"}, "--clusters was 3, is now 2"},
	} {
		code, _, stderr := mclclip(t, "", trainArgs(pairs, run, append([]string{"--stages", "1"}, test.more...)...)...)
		if code != codeError || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, stderr %q, want one line with %q", test.more, code, stderr, test.want)
		}
	}
	if after, _ := os.ReadFile(filepath.Join(run, "log.txt")); string(after) != string(before) {
		t.Error("a refused run wrote into the folder")
	}
	if code, _, stderr := mclclip(t, "", append(args, "--resume", "latest", "--control=false")...); code != codeDone {
		t.Errorf("--resume of a finished run: exit code %d, stderr %q", code, stderr)
	}

	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := mclclip(t, "", trainArgs(pairs, other)...); code != codeError || !strings.Contains(stderr, "is not empty") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

// spoiled copies pairs into a shard in which some rows cannot be used.
func spoiled(t *testing.T, from string) string {
	t.Helper()
	source, err := data.Open([]string{filepath.Join(from, "train-*.parquet")}, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w, err := data.NewWriter(dir, "train", data.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for pair, err := range source.Pairs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		row := data.WriterRow{Image: append([]byte(nil), pair.Image...), Caption: pair.Captions[0], Key: pair.Key}
		switch pair.Row {
		case 3:
			row.Image = row.Image[:len(row.Image)/2]
		case 5:
			row.Image = []byte("<html>gone</html>")
		case 7:
			row.Caption = " "
		}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestBadRowsAreSkippedCountedAndListed(t *testing.T) {
	run := filepath.Join(t.TempDir(), "x")
	code, _, stderr := mclclip(t, "", trainArgs(spoiled(t, drawPairs(t, 160)), run, "--stages", "1")...)
	if code != codeSkipped || !strings.Contains(stderr, "3 of 160 rows were skipped") {
		t.Fatalf("exit code %d, stderr %q; want 3 and a count", code, stderr)
	}
	list, err := os.ReadFile(filepath.Join(run, mcl.PairsDir, "skipped.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"damaged", "not an image", "no caption"} {
		if !strings.Contains(string(list), reason) {
			t.Errorf("the list has no row that is %q:\n%s", reason, list)
		}
	}
}

func TestMistakesAreAnsweredInOneLine(t *testing.T) {
	pairs := drawPairs(t, 80)
	missing := filepath.Join(t.TempDir(), "nothing")
	cut := filepath.Join(t.TempDir(), "cut.parquet")
	whole, err := filepath.Glob(filepath.Join(pairs, "train-*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(whole[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, raw[:len(raw)*2/3], 0o666); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no out":            {[]string{"finetune", "--pairs", pairs}, codeUsage, "--out is missing"},
		"no model":          {[]string{"finetune", "--pairs", pairs, "--out", missing}, codeUsage, "--pretrained is missing"},
		"unknown model":     {trainArgs(pairs, missing, "--model", "ViT-Z-99"), codeUsage, "ViT-L-14"},
		"no base steps":     {trainArgs(pairs, missing, "--base-steps", "0"), codeUsage, "--base-steps is missing"},
		"base rate":         {trainArgs(pairs, missing, "--base-lr", "0"), codeUsage, "--base-lr 0"},
		"decay":             {trainArgs(pairs, missing, "--wd", "NaN"), codeUsage, "--wd NaN"},
		"threads":           {trainArgs(pairs, missing, "--threads", "100000"), codeUsage, "--threads 100000"},
		"workers":           {trainArgs(pairs, missing, "--workers", "-1"), codeUsage, "--workers -1"},
		"device":            {trainArgs(pairs, missing, "--device", "gpu"), codeUsage, "--device \"gpu\""},
		"both towers":       {trainArgs(pairs, missing, "--lock-image", "--lock-text"), codeUsage, "--lock-text together"},
		"unlocked groups":   {trainArgs(pairs, missing, "--lock-image", "--lock-image-unlocked-groups", "-1"), codeUsage, "--lock-image-unlocked-groups -1"},
		"unlocked of what":  {trainArgs(pairs, missing, "--lock-image-unlocked-groups", "1"), codeUsage, "goes with --lock-image"},
		"unlocked layers":   {trainArgs(pairs, missing, "--lock-text", "--lock-text-unlocked-layers", "-1"), codeUsage, "--lock-text-unlocked-layers -1"},
		"layers of what":    {trainArgs(pairs, missing, "--lock-text-unlocked-layers", "1"), codeUsage, "goes with --lock-text"},
		"unlocked beyond":   {trainArgs(pairs, missing, "--lock-image", "--lock-image-unlocked-groups", "5"), codeUsage, "this image tower has 4 groups"},
		"layers beyond":     {trainArgs(pairs, missing, "--lock-text", "--lock-text-unlocked-layers", "5"), codeUsage, "this text tower has 4"},
		"pretrained name":   {trainArgs(pairs, missing, "--model", "", "--pretrained", "laion2b_s34b_b79k"), codeError, "hf download"},
		"nothing to resume": {trainArgs(pairs, missing, "--resume"), codeError, "nothing to resume in " + missing},
		"resume from":       {trainArgs(pairs, missing, "--resume", "runs/x"), codeUsage, "--resume stands alone"},
		"resume what":       {trainArgs(pairs, missing, "--resume=epoch_3"), codeUsage, "or --resume latest"},
		"groups of resnet":  {trainArgs(pairs, missing, "--model", "RN50", "--lock-image", "--lock-image-unlocked-groups", "1"), codeUsage, "a ResNet has no groups"},
		"statistics of":     {trainArgs(pairs, missing, "--lock-image-freeze-bn-stats"), codeUsage, "goes with --lock-image"},
		"out is a file":     {trainArgs(pairs, cut), codeError, "--out " + cut},
		"no pairs":          {trainArgs(missing, missing), codeError, "no file matches"},
		"no such column":    {trainArgs(pairs, missing, "--caption-column", "legend"), codeError, "legend"},
		"cut shard":         {trainArgs(pairs, missing, "--pairs", cut), codeError, cut},
		"too many clusters": {trainArgs(pairs, missing, "--clusters", "50"), codeError, "would fit"},
		"batch above data":  {trainArgs(pairs, missing, "--batch-size", "512"), codeError, "--batch-size"},
		"groups":            {trainArgs(pairs, missing, "--groups", "3"), codeUsage, "--groups 3 does not divide"},
		"no weights":        {trainArgs(pairs, missing, "--model", "", "--pretrained", missing), codeError, "--pretrained"},
		"save every":        {trainArgs(pairs, missing, "--save-every", "often"), codeUsage, "--save-every"},
		"no run":            {[]string{"mmvp", "--run", missing, "--data", filepath.Join(pairs, "benchmark")}, codeError, "there is no folder"},
		"no benchmark":      {[]string{"mmvp", "--run", missing, "--data", missing}, codeError, "Questions.csv"},
		"model of what":     {[]string{"mmvp", "--run", missing, "--model", "tiny", "--data", missing}, codeUsage, "--pretrained"},
		"run or weights":    {[]string{"mmvp", "--data", missing}, codeUsage, "--run"},
		"export format":     {[]string{"export", "--run", missing, "--out", missing, "--format", "csv"}, codeUsage, "--format"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := mclclip(t, "", test.args...)
			if code != test.code || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, stderr %q; want %d and one line with %q", code, stderr, test.code, test.want)
			}
			if _, err := os.Stat(missing); err == nil {
				t.Errorf("%s was made", missing)
			}
		})
	}
}
