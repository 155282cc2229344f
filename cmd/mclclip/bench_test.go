package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/bench/speed"
	"github.com/mclclip/mclclip/internal/testneed"
	"github.com/mclclip/mclclip/train/metrics"
)

// fewPairs makes settings with material of a few pairs and a tiny model.
func fewPairs(t *testing.T) benchSettings {
	t.Helper()
	log, err := metrics.Open(metrics.Config{Console: &strings.Builder{}})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	f := &benchSpeed{settings: defaultBenchSettings(), cache: benchCache(t), pairs: 8}
	f.settings.model = "tiny"
	if err := f.prepare(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	f.settings.batch, f.settings.threads = 4, 1
	return f.settings
}

// benchSideOutput runs our side of a work for two rounds.
func benchSideOutput(t *testing.T, s benchSettings, work string) (rounds []speed.Round) {
	t.Helper()
	s.work = work
	code, stdout, stderr := mclclip(t, "round\nround\n", append([]string{"bench", "side"}, s.args()...)...)
	if code != codeDone {
		t.Fatalf("%s: exit code %d, %s", work, code, stderr)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 3 {
		t.Fatalf("%s: %q, want a line and two rounds", work, stdout)
	}
	for _, line := range lines[1:] {
		var r speed.Round
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v in %q", work, err, line)
		}
		rounds = append(rounds, r)
	}
	return rounds
}

// benchCache is a folder with one model: the others are large.
func benchCache(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, w := range benchWorks {
		if w.model != "" && w.model != "tiny" {
			if err := os.MkdirAll(filepath.Join(dir, "models", w.model), 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestBenchSideTellsWhatItDid(t *testing.T) {
	settings := fewPairs(t)
	for _, format := range []string{"png", "webp"} {
		linkPictures(t, settings.material, format)
	}
	for work, items := range map[string]float64{"tokens-hf": 8, "loader": 8, "preprocess": 8, "preprocess-png": 3, "preprocess-webp": 3, "embed-texts": 8, "embed-images": 8, "finetune": 8, "finetune-locked": 8} {
		rounds := benchSideOutput(t, settings, work)
		for _, r := range rounds {
			if r.Items != items || r.Seconds <= 0 || len(r.Values) == 0 || math.IsNaN(r.Values[0]) {
				t.Errorf("%s: %+v, want %v items", work, r, items)
			}
		}
		if trains := strings.HasPrefix(work, "finetune"); trains == (rounds[0].Values[0] == rounds[1].Values[0]) {
			t.Errorf("%s: the rounds came to %v and %v", work, rounds[0].Values, rounds[1].Values)
		}
	}
}

// linkPictures puts three pictures of a format beside the material: as many as are counted. The decoder looks at their bytes.
func linkPictures(t *testing.T, material, format string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(material, "images", "*.jpg"))
	if err := os.Mkdir(filepath.Join(material, format), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, file := range files[:3] {
		name := strings.TrimSuffix(filepath.Base(file), "jpg") + format
		if err := os.Symlink(file, filepath.Join(material, format, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBenchSpeedNamesTheFlag(t *testing.T) {
	for want, args := range map[string][]string{
		"--reference-python": {},
		"--rounds":           {"--reference-python", "python3", "--rounds", "0"},
		"--work":             {"--reference-python", "python3", "--work", "fly"},
		"--precision":        {"--reference-python", "python3", "--precision", "fp8"},
	} {
		t.Setenv("MCLCLIP_REFERENCE_PYTHON", "")
		if code, _, stderr := mclclip(t, "", append([]string{"bench", "speed"}, args...)...); code != codeUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %q; want a word on %s", args, code, stderr, want)
		}
	}
}

// Both sides come to the same losses: the comparison itself checks it.
func TestBenchSpeedComparesWithPython(t *testing.T) {
	python := os.Getenv("MCLCLIP_REFERENCE_PYTHON")
	testneed.Require(t, "open_clip", python != "" && !testing.Short(), "set MCLCLIP_REFERENCE_PYTHON to a Python that has open_clip_torch 3.3")
	out := t.TempDir()
	code, _, stderr := mclclip(t, "", "bench", "speed", "--reference-python", python, "--cache", benchCache(t), "--out", out, "--model", "tiny",
		"--pairs", "8", "--batch-size", "4", "--rounds", "1", "--threads", "1", "--work", "finetune")
	if code != codeDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if reports, _ := filepath.Glob(filepath.Join(out, "speed_*")); len(reports) != 2 {
		t.Errorf("the reports are %v", reports)
	}
}
