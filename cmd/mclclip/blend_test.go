package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data/scenes"
	"github.com/mclclip/mclclip/internal/torch"
)

// savedModel leaves a small model that has learned nothing in a folder of its own.
func savedModel(t *testing.T, name string, seed uint64) string {
	t.Helper()
	c, err := clip.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := clip.New(c, seed, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir, clip.DefaultPreprocess(c)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestBlendScoresAndWrites(t *testing.T) {
	base, tuned := savedModel(t, "tiny", 1), savedModel(t, "tiny", 2)
	benchmark, out := filepath.Join(drawPairs(t, 80), scenes.BenchmarkFolder), filepath.Join(t.TempDir(), "blends")
	args := []string{"blend", "--base", base, "--tuned", tuned, "--threads", "1"}
	code, table, stderr := mclclip(t, "", append(args, "--alpha", "0,0.25,1", "--data", benchmark, "--out", out)...)
	if code != codeDone {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	for _, alpha := range []string{"0", "0.25", "1"} {
		if !strings.Contains(table, "alpha "+alpha) {
			t.Errorf("the table has no column for %s:\n%s", alpha, table)
		}
		for _, file := range []string{clip.ConfigFile, clip.WeightsFile, "config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"} {
			if _, err := os.Stat(filepath.Join(out, "alpha-"+alpha, file)); err != nil {
				t.Error(err)
			}
		}
	}
	for alpha, source := range map[string]string{"0": base, "1": tuned} {
		want, _ := os.ReadFile(filepath.Join(source, clip.WeightsFile))
		got, err := os.ReadFile(filepath.Join(out, "alpha-"+alpha, clip.WeightsFile))
		if err != nil || string(got) != string(want) {
			t.Errorf("alpha %s is not %s to the last bit (%v)", alpha, source, err)
		}
	}
	one := filepath.Join(t.TempDir(), "one")
	if code, stdout, stderr := mclclip(t, "", append(args, "--out", one)...); code != codeDone || stdout != one+"\n" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	code, report, stderr := mclclip(t, "", append(args, "--data", benchmark, "--json")...)
	var parsed struct{ Columns []struct{ Name string } }
	if code != codeDone || json.Unmarshal([]byte(report), &parsed) != nil || len(parsed.Columns) != 1 || parsed.Columns[0].Name != "alpha 0.5" {
		t.Errorf("exit code %d, columns %+v, stderr %q", code, parsed.Columns, stderr)
	}
}

func TestBlendAnswersMistakesInOneLine(t *testing.T) {
	base, small := savedModel(t, "tiny", 1), savedModel(t, "small", 1)
	missing := filepath.Join(t.TempDir(), "nothing")
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no tuned":      {[]string{"--base", base, "--out", missing}, codeUsage, "--tuned is missing"},
		"nothing to do": {[]string{"--base", base, "--tuned", base}, codeUsage, "--out"},
		"alpha":         {[]string{"--base", base, "--tuned", base, "--out", missing, "--alpha", "0,2"}, codeUsage, "--alpha \"0,2\""},
		"alpha twice":   {[]string{"--base", base, "--tuned", base, "--out", missing, "--alpha", "0.5,.5"}, codeUsage, "twice"},
		"format":        {[]string{"--base", base, "--tuned", base, "--out", missing, "--format", "onnx"}, codeUsage, "--format"},
		"json of what":  {[]string{"--base", base, "--tuned", base, "--out", missing, "--json"}, codeUsage, "--data"},
		"other model":   {[]string{"--base", base, "--tuned", small, "--out", missing}, codeError, "not the base model's architecture"},
		"no weights":    {[]string{"--base", base, "--tuned", missing, "--out", missing}, codeError, "--tuned"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := mclclip(t, "", append([]string{"blend"}, test.args...)...)
			if code != test.code || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, stderr %q; want %d and one line with %q", code, stderr, test.code, test.want)
			}
			if _, err := os.Stat(missing); err == nil {
				t.Errorf("%s was made", missing)
			}
		})
	}
}
