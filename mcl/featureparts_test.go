package mcl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mclclip/mclclip/internal/fault"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train"
)

// tenRows are features of width 2 in blocks of 3 rows, from row first on; after some blocks they fail.
func tenRows(blocks int, failure error, asked *[]int64) func(first int64) iter.Seq2[[]float32, error] {
	return func(first int64) iter.Seq2[[]float32, error] {
		*asked = append(*asked, first)
		return func(yield func([]float32, error) bool) {
			for row := first; row < 10; row += 3 {
				if blocks--; blocks < 0 {
					yield(nil, failure)
					return
				}
				var x []float32
				for r := row; r < min(row+3, 10); r++ {
					x = append(x, float32(r), float32(r)/10)
				}
				if !yield(x, nil) {
					return
				}
			}
		}
	}
}

var tenOrigin = featureOrigin{Model: "m", Data: "d", View: onImage, Rows: 10, Width: 2}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAnEmbeddingGoesOnWhereItStopped(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	var asked []int64
	if _, err := saveInParts(whole, tenOrigin, tenRows(9, nil, &asked)); err != nil {
		t.Fatal(err)
	}
	other := tenOrigin
	other.Model = "another"
	for name, test := range map[string]struct {
		between func(path string) error // what happens between the two calls
		of      featureOrigin
		first   int64
	}{
		"nothing":            {func(string) error { return nil }, tenOrigin, 6},
		"half a row more":    {func(path string) error { return appendTo(path, "half") }, tenOrigin, 6},
		"another model":      {func(string) error { return nil }, other, 0},
		"a byte is damaged":  {func(path string) error { return spoilByte(path, 17) }, tenOrigin, 0},
		"the file is cut":    {func(path string) error { return os.Truncate(path, 20) }, tenOrigin, 0},
		"the mark is lost":   {func(path string) error { return os.Remove(path + markSuffix) }, tenOrigin, 0},
		"the mark is broken": {func(path string) error { return os.Truncate(path+markSuffix, 9) }, tenOrigin, 0},
	} {
		path := filepath.Join(t.TempDir(), "features")
		asked = nil
		if _, err := saveInParts(path, tenOrigin, tenRows(2, context.Canceled, &asked)); !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: got %v", name, err)
		}
		if err := test.between(path); err != nil {
			t.Fatal(err)
		}
		features, err := saveInParts(path, test.of, tenRows(9, nil, &asked))
		if err != nil || features.Len() != 10 {
			t.Fatalf("%s: %v, %v", name, features, err)
		}
		if len(asked) != 2 || asked[0] != 0 || asked[1] != test.first {
			t.Errorf("%s: rows were asked for from %v on, want 0 and %d", name, asked, test.first)
		}
		if !bytes.Equal(readFile(t, path), readFile(t, whole)) {
			t.Errorf("%s: the bytes are not those of one call", name)
		}
	}
}

func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

func spoilByte(path string, at int) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	raw[at] ^= 1
	return os.WriteFile(path, raw, 0o666)
}

// What was embedded before an interruption and cannot be kept is lost: that is an error, not an interruption.
func TestAnEmbeddingThatCannotBeKeptIsNotAnInterruption(t *testing.T) {
	path := filepath.Join(t.TempDir(), "features")
	makeFile(t, filepath.Join(path+markSuffix, "in the way"))
	var asked []int64
	_, err := saveInParts(path, tenOrigin, tenRows(2, context.Canceled, &asked))
	if err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "could not be kept") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want a line on what could not be kept", err)
	}
}

func TestAnEmbeddingThatDidNotBeginLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	var asked []int64
	if _, err := saveInParts(filepath.Join(dir, "features"), tenOrigin, tenRows(0, syscall.EIO, &asked)); !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v were left", left)
	}
}

func TestTooFewRowsAreNoFeatures(t *testing.T) {
	of := tenOrigin
	of.Rows = 11
	var asked []int64
	if _, err := saveInParts(filepath.Join(t.TempDir(), "features"), of, tenRows(9, nil, &asked)); err == nil || !strings.Contains(err.Error(), "10 rows were embedded, want 11") {
		t.Errorf("got %v", err)
	}
}

// A run that stops while it embeds keeps what it has, and embeds only the rest when it goes on; the models are those of a run
// that was left alone.
func TestARunEmbedsOnlyWhatIsMissing(t *testing.T) {
	torchtest.NoLeak(t)
	index, c := sceneIndex(t, 2*embedBatch+40), smallRun()
	c.Stages, c.Control, c.Base.Steps = 1, false, 2
	alone, dir := t.TempDir(), t.TempDir()
	if err := startRun(t, alone, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	features := newPhase(dir, "stage", 1, false).features(onImage)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	restore := fault.Inject(func(point string) {
		if point == "mcl.embed" {
			cancel()
		}
	})
	err := startRun(t, dir, c, index, io.Discard).Finish(ctx)
	restore()
	if !errors.Is(err, train.ErrInterrupted) {
		t.Fatalf("got %v, want ErrInterrupted", err)
	}
	if _, err := os.Stat(features); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := startRun(t, dir, c, index, &log).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := "embed base: goes on after 128 of 296 pairs"; !strings.Contains(log.String(), want) {
		t.Errorf("the log lacks %q:\n%s", want, log.String())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "features*")); len(left) > 0 {
		t.Errorf("%v were left", left)
	}
	want := modelBytes(t, alone, c)
	for name, raw := range modelBytes(t, dir, c) {
		if !bytes.Equal(raw, want[name]) {
			t.Errorf("%s differs from the uninterrupted run's", name)
		}
	}
}
