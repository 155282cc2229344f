package main

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/mcl"
)

// wildRow is a pair as Hugging Face's datasets have it.
type wildRow struct {
	Image *struct {
		Bytes []byte  `parquet:"bytes,optional"`
		Path  *string `parquet:"path,optional"`
	} `parquet:"image,optional"`
	Caption *string `parquet:"caption,optional"`
}

func (r *wildRow) setImage(file []byte) { r.Image.Bytes = file }
func (r *wildRow) setCaption(c string)  { r.Caption = &c }
func (r *wildRow) setPath(p string)     { r.Image.Path = &p }

// oddity is something that pairs from the net have; reason is why a row is skipped, "" where it can be used all the same.
type oddity struct {
	name, reason string
	change       func(r *wildRow)
}

func oddities(t *testing.T) []oddity {
	file := func(name string) []byte { return goldenImage(t, name) }
	return []oddity{
		{"truncated JPEG", "damaged", func(r *wildRow) { j := asJPEG(t, r.Image.Bytes); r.setImage(j[:len(j)*2/3]) }},
		{"HTML saved as .jpg", "not an image", func(r *wildRow) { r.setImage([]byte("<!DOCTYPE html><html>404</html>")); r.setPath("cat.jpg") }},
		{"zero bytes", "empty", func(r *wildRow) { r.setImage([]byte{}) }},
		{"a header of 100,000 x 100,000", "too large", func(r *wildRow) { r.setImage(hugeHeader()) }},
		{"CMYK", "", func(r *wildRow) { r.setImage(file("jpeg-cmyk")) }},
		{"animated GIF", "", func(r *wildRow) { r.setImage(file("gif-animated")) }},
		{"wrong extension", "", func(r *wildRow) { r.setImage(asJPEG(t, r.Image.Bytes)); r.setPath("../../cat.png") }},
		{"NULL image", "null image", func(r *wildRow) { r.Image = nil }},
		{"NULL caption", "no caption", func(r *wildRow) { r.Caption = nil }},
		{"empty caption", "no caption", func(r *wildRow) { r.setCaption("") }},
		{"a caption of 1 MB", "", func(r *wildRow) { r.setCaption(strings.Repeat("a red cat ", 1<<20/10)) }},
		{"invalid UTF-8", "", func(r *wildRow) { r.setCaption("a red \xff\xfe cat \xc3") }},
	}
}

// hugeHeader is the start of a PNG of 100,000 x 100,000 pixels.
func hugeHeader() []byte {
	head := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	head = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(head, 100_000), 100_000)
	return append(head, 8, 2, 0, 0, 0, 0, 0, 0, 0)
}

func asJPEG(t *testing.T, file []byte) []byte {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// goldenImage is a file that Pillow wrote.
func goldenImage(t *testing.T, name string) []byte {
	t.Helper()
	golden, err := safetensors.Open("../../vision/preprocess/testdata/images.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer golden.Close()
	file, err := golden.Read(name + ".file")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// wildPairs writes n pairs, 5 % of which have an oddity, and returns the reason for which each row must be skipped.
func wildPairs(t *testing.T, n int) (path string, reasons []string) {
	source, err := data.Open([]string{filepath.Join(drawPairs(t, n), "train-*.parquet")}, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	odd := oddities(t)
	var rows []wildRow
	for pair, err := range source.Pairs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		row, reason := wildRow{}, ""
		row.Image = &struct {
			Bytes []byte  `parquet:"bytes,optional"`
			Path  *string `parquet:"path,optional"`
		}{Bytes: bytes.Clone(pair.Image)}
		row.setCaption(pair.Captions[0])
		if len(rows)%20 == 7 {
			o := odd[len(rows)/20%len(odd)]
			o.change(&row)
			reason = o.reason
		}
		rows, reasons = append(rows, row), append(reasons, reason)
	}
	path = filepath.Join(t.TempDir(), "wild.parquet")
	if err := parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(100)); err != nil {
		t.Fatal(err)
	}
	return path, reasons
}

// A run over such pairs ends, exits with 3, counts exactly what was planted and trains on exactly the others.
func TestAStreamWithDamageOfEveryKind(t *testing.T) {
	path, reasons := wildPairs(t, 480)
	run := filepath.Join(t.TempDir(), "run")
	args := []string{"finetune", "--pairs", path, "--model", "tiny", "--base-steps", "30", "--stages", "1", "--steps", "30", "--clusters", "2",
		"--batch-size", "16", "--groups", "2", "--threads", "1", "--out", run}
	code, _, stderr := mclclip(t, "", args...)
	if code != codeSkipped {
		t.Fatalf("exit code %d, want 3; %s", code, stderr)
	}
	want := map[string]int64{}
	for _, reason := range reasons {
		if reason != "" {
			want[reason]++
		}
	}
	source, err := data.Open([]string{path}, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	index, err := data.LoadIndex(filepath.Join(run, mcl.PairsDir), source)
	if err != nil {
		t.Fatal(err)
	}
	if got := index.Counts(); !maps.Equal(got, want) {
		t.Errorf("skipped rows by reason are %v, want %v", got, want)
	}
	checkUsed(t, index, reasons)
	checkLog(t, filepath.Join(run, "log.txt"))
}

// checkUsed checks that an epoch delivers exactly the rows without a reason, each once.
func checkUsed(t *testing.T, index *data.Index, reasons []string) {
	t.Helper()
	loader := data.NewLoader(t.Context(), index, data.NewPlain(1, nil), data.Cursor{}, data.Transform{}, data.LoaderConfig{Workers: 1})
	defer loader.Close()
	var used, good []int64
	for range index.Usable() {
		batch, err := loader.Next()
		if err != nil {
			t.Fatal(err)
		}
		used = append(used, batch.Rows...)
	}
	for row, reason := range reasons {
		if reason == "" {
			good = append(good, int64(row))
		}
	}
	slices.Sort(used)
	if !slices.Equal(used, good) {
		t.Errorf("an epoch used %d rows, want the %d good ones", len(used), len(good))
	}
}

// checkLog checks that bad rows do not flood the log: they are counted, and listed elsewhere.
func checkLog(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(raw), "\n")
	if len(lines) > 40 {
		t.Errorf("the log has %d lines, want at most 40", len(lines))
	}
	for _, line := range lines {
		if len(line) > 400 {
			t.Errorf("a line of %d bytes: %.100s...", len(line), line)
		}
	}
}
