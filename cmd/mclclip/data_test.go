package main

import (
	"encoding/json"
	"image"
	"image/gif"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/data/inspect"
	"github.com/mclclip/mclclip/data/scenes"
)

func TestScenes(t *testing.T) {
	out := filepath.Join(t.TempDir(), "scenes")
	args := []string{"data", "scenes", "--out", out, "--pairs", "40", "--held-out-pairs", "10", "--pairs-per-pattern", "2", "--size", "32", "--pattern", "Color", "--rows-per-shard", "25"}
	code, stdout, stderr := mclclip(t, "", append(args, "--json")...)
	if code != codeDone || !strings.Contains(stderr, "draw: 50/50 pairs (100%)") {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	var sum scenes.Summary
	if err := json.Unmarshal([]byte(stdout), &sum); err != nil {
		t.Fatal(err)
	}
	source, err := data.Open([]string{filepath.Join(out, "train-*.parquet")}, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Train != 40 || source.Rows() != 40 || len(source.Shards()) != 2 {
		t.Errorf("%d pairs told, %d rows in %d shards written; want 40 in 2", sum.Train, source.Rows(), len(source.Shards()))
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
		{[]string{"data", "emoji", "--out", "x", "--source", "apple"}, `source "apple": unknown`},
		{[]string{"data", "pack", "--out", "x"}, "--input is missing, for instance --input"},
		{[]string{"data", "pack", "--input", "a.tar", "b.tar", "--out", "x"}, `unexpected argument "b.tar": every value follows its flag, and a pattern needs quotes`},
		{[]string{"data", "inspect"}, "--pairs is missing, for instance --pairs"},
		{[]string{"data", "inspect", "--pairs", "x", "--context-length", "1"}, "--context-length 1: want at least 2"},
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

// writeFiles makes a folder from the contents of its files.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// drawn encodes a PNG of one colour.
func drawn(t *testing.T, width, height int) string {
	t.Helper()
	var encoded strings.Builder
	if err := png.Encode(&encoded, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return encoded.String()
}

func TestPackTellsWhatItSkipped(t *testing.T) {
	picture := drawn(t, 40, 30)
	in := writeFiles(t, map[string]string{
		"a.png": picture, "a.txt": "a grey picture",
		"b.png": picture, "b.txt": "another",
		"c.png": picture[:len(picture)/2], "c.txt": "half a picture",
		"d.png": picture,
	})
	out := filepath.Join(t.TempDir(), "shards")
	code, stdout, stderr := mclclip(t, "", "data", "pack", "--input", in, "--out", out)
	if code != codeSkipped || !strings.Contains(stdout, ": 2 pairs\n") {
		t.Errorf("exit code %d, stdout %q; want 3 and 2 pairs", code, stdout)
	}
	for _, want := range []string{"skipped: 1 damaged\n", "2 entries were skipped", filepath.Join(out, "_skipped.csv")} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr %q lacks %q", stderr, want)
		}
	}

	os.Remove(filepath.Join(in, "c.png"))
	os.Remove(filepath.Join(in, "c.txt"))
	os.Remove(filepath.Join(in, "d.png"))
	if code, _, stderr := mclclip(t, "", "data", "pack", "--input", in, "--out", out+"-2"); code != codeDone || stderr != "" {
		t.Errorf("without bad files: exit code %d, stderr %q", code, stderr)
	}
}

// What training reads can be packed, from a table with the usual columns; one pair is told as one.
func TestPackTakesWhatTrainingReads(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 20, 20))
	for name, encode := range map[string]func(io.Writer) error{
		"a.gif": func(w io.Writer) error { return gif.Encode(w, grey, nil) },
		"a.bmp": func(w io.Writer) error { return bmp.Encode(w, grey) },
	} {
		var picture strings.Builder
		if err := encode(&picture); err != nil {
			t.Fatal(err)
		}
		in := writeFiles(t, map[string]string{name: picture.String(), "pairs.csv": "path,caption\n" + name + ",grey\n"})
		out := filepath.Join(t.TempDir(), "shards")
		code, stdout, stderr := mclclip(t, "", "data", "pack", "--input", filepath.Join(in, "pairs.csv"), "--out", out)
		if code != codeDone || !strings.HasSuffix(stdout, ": 1 pair\n") {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", name, code, stdout, stderr)
		}
	}
}

func TestInspectReportsWhatARunWouldSkip(t *testing.T) {
	dir := t.TempDir()
	w, err := data.NewWriter(dir, "train", data.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	picture := drawn(t, 40, 30)
	long := strings.Repeat("cat ", 75) // 77 ids with start and end: just fits
	for _, row := range []data.WriterRow{
		{Image: []byte(picture), Caption: long},
		{Image: []byte(picture), Caption: long + "cat"},
		{Image: []byte(picture[:len(picture)/2]), Caption: "half a picture"},
		{Image: []byte("<html>404</html>"), Caption: "no picture"},
		{Caption: "nothing"},
	} {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "bad.csv")
	code, stdout, stderr := mclclip(t, "", "data", "inspect", "--pairs", filepath.Join(dir, "*.parquet"), "--json", "--skipped", list)
	if code != codeSkipped || !strings.Contains(stderr, "3 of 5 rows were skipped (1 damaged, 1 not an image, 1 null image); "+list) {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	if rows, err := os.ReadFile(list); err != nil || strings.Count(string(rows), "\n") != 4 || !strings.Contains(string(rows), ",not an image,") {
		t.Errorf("the list is %q (%v), want a line of names and three rows", rows, err)
	}
	var report inspect.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Rows != 5 || report.Usable != 2 || report.Bad["damaged"] != 1 || report.Bad["not an image"] != 1 || report.Bad[data.ReasonNull] != 1 {
		t.Errorf("report is %+v", report)
	}
	if report.Captions.Cut != 1 || report.Captions.Tokens.Max != 78 {
		t.Errorf("captions are %+v, want one of 78 tokens that is cut", report.Captions)
	}
}

func TestPackSaysHowColumnsAndPathsAreNamed(t *testing.T) {
	dir := writeFiles(t, map[string]string{"photos.csv": "picture,words\nphotos/a.jpg,a cat\n"})
	table := filepath.Join(dir, "photos.csv")
	code, _, stderr := mclclip(t, "", "data", "pack", "--input", table, "--out", filepath.Join(dir, "out"))
	if code != codeError || !strings.Contains(stderr, `no column called filepath, path`) || !strings.Contains(stderr, "--image-column") || strings.Contains(stderr, "tmp") != strings.Contains(dir, "tmp") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	code, _, stderr = mclclip(t, "", "data", "pack", "--input", table, "--image-column", "picture", "--caption-column", "words", "--out", filepath.Join(dir, "out"))
	if code != codeError || !strings.Contains(stderr, "line 2: missing file: photos/a.jpg in "+dir) || !strings.Contains(stderr, "--root") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

func TestHeldOutShardsAreNotInTheFolderOfTheTrainingShards(t *testing.T) {
	out := filepath.Join(t.TempDir(), "scenes")
	if code, _, stderr := mclclip(t, "", "data", "scenes", "--out", out, "--pairs", "40", "--held-out-pairs", "10", "--pairs-per-pattern", "2", "--size", "32"); code != codeDone {
		t.Fatal(stderr)
	}
	for folder, want := range map[string]int64{out: 40, filepath.Join(out, scenes.HeldOutFolder): 10} {
		source, err := data.Open([]string{folder}, data.Options{})
		if err != nil || source.Rows() != want {
			t.Errorf("%s: %v rows (%v), want %d", folder, source, err, want)
		}
	}
	_, err := data.Open([]string{filepath.Dir(out)}, data.Options{})
	if err == nil || !strings.Contains(err.Error(), "there are shards in "+out) {
		t.Errorf("the folder above: error %v, want one that names %s", err, out)
	}
}

func TestInspectNamesTheFlagOfAMissingFile(t *testing.T) {
	code, _, stderr := mclclip(t, "", "data", "inspect", "--pairs", filepath.Join(t.TempDir(), "part-*.parquet"))
	if code != codeError || !strings.Contains(stderr, "--pairs: no file matches") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}
