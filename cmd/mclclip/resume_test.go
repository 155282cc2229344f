package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mclclip/mclclip/mcl"
)

// runFolder makes what a run folder is known by.
func runFolder(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, mcl.PairsDir), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, mcl.ConfigFile), []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestNothingToResumeNamesTheRunsThatAreThere(t *testing.T) {
	runs := t.TempDir()
	second, first := runFolder(t, filepath.Join(runs, "second")), runFolder(t, filepath.Join(runs, "first"))
	if err := os.Mkdir(filepath.Join(runs, "frits"), 0o777); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		first:                                    "",
		filepath.Join(runs, "frist"):             "nothing to resume in " + filepath.Join(runs, "frist") + ", which is not there; runs here: " + first + ", " + second,
		filepath.Join(runs, "frits"):             "nothing to resume in " + filepath.Join(runs, "frits") + "; runs here: " + first + ", " + second,
		filepath.Join(t.TempDir(), "a", "first"): "which is not there",
	} {
		if got := nothingToResume(dir); got != want && (want == "" || !strings.HasSuffix(got, want)) {
			t.Errorf("%s: got %q, want %q", dir, got, want)
		}
	}
}

func TestResumeIsWrittenInThreeWays(t *testing.T) {
	for want, args := range map[resumeMode][][]string{
		startNew:    {{}, {"--resume=false"}},
		goOn:        {{"--resume"}, {"-resume"}, {"--resume=true"}, {"--resume", "--out", "latest"}},
		goOnOrStart: {{"--resume=latest"}, {"--resume", "latest"}, {"-resume", "latest", "--out", "x"}},
	} {
		for _, words := range args {
			var got resumeMode
			for _, word := range resumeLatest(words) {
				name, value, found := strings.Cut(strings.TrimLeft(word, "-"), "=")
				if !found {
					value = "true"
				}
				if name == "resume" {
					if err := got.Set(value); err != nil {
						t.Errorf("%v: %v", words, err)
					}
				}
			}
			if got != want {
				t.Errorf("%v: got %q, want %q", words, got, want)
			}
		}
	}
}

// A loop that starts the same command with --resume latest begins the run, goes on with it, and finds it done.
func TestResumeLatestStartsGoesOnAndFindsTheRunDone(t *testing.T) {
	pairs, run := drawPairs(t, 80), filepath.Join(t.TempDir(), "x")
	args := trainArgs(pairs, run, "--stages", "1", "--resume=latest")
	code, _, stderr := mclclip(t, "", args...)
	if code != codeDone || !strings.Contains(stderr, "--resume latest: nothing to resume in "+run+", which is not there; a new run starts there") {
		t.Fatalf("first start: exit code %d, stderr %q", code, stderr)
	}
	for _, want := range []string{"done after", filepath.Join(run, reportFile), "next: mclclip mmvp --run " + run, "next: mclclip export --run " + run, "trainable parameters: "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the log lacks %q:\n%s", want, stderr)
		}
	}
	page := filepath.Join(run, reportFile)
	if err := os.WriteFile(page, []byte("with pictures of mmvp"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, resume := range [][]string{{"--resume", "latest"}, {"--resume"}} {
		code, stdout, stderr := mclclip(t, "", trainArgs(pairs, run, slices.Concat([]string{"--stages", "1"}, resume)...)...)
		if code != codeDone || !strings.Contains(stderr, "nothing left to do") || !strings.Contains(stderr, page) || strings.Contains(stderr, "Train Epoch") {
			t.Errorf("%v of a finished run: exit code %d, stderr %q", resume, code, stderr)
		}
		if strings.TrimSpace(stdout) != filepath.Join(run, mcl.IntegratedFile) {
			t.Errorf("%v of a finished run: stdout %q", resume, stdout)
		}
	}
	if now, err := os.ReadFile(page); err != nil || string(now) != "with pictures of mmvp" {
		t.Errorf("the page of a finished run was written anew: %q, %v", now, err)
	}
}

// stopper ends a context when a text is written to it.
type stopper struct {
	mu   sync.Mutex
	all  strings.Builder
	text string
	stop context.CancelFunc
}

func (s *stopper) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Contains(string(p), s.text) {
		s.stop()
	}
	return s.all.Write(p)
}

func (s *stopper) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// An interruption is answered at once, and the command that goes on is said.
func TestAnInterruptionIsAnswered(t *testing.T) {
	pairs, dir := drawPairs(t, 80), filepath.Join(t.TempDir(), "x")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stderr := &stopper{text: "Train Epoch: 0 [1/", stop: stop}
	args := append([]string{"mclclip"}, trainArgs(pairs, dir, "--stages", "1", "--base-steps", "400")...)
	if code := run(ctx, args, strings.NewReader(""), io.Discard, stderr); code != codeInterrupted {
		t.Errorf("exit code %d, want 130", code)
	}
	for _, want := range []string{"interrupted: the step at hand ends", "go on with --resume"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr)
		}
	}
}

func TestWordsAreQuotedForAShell(t *testing.T) {
	for word, want := range map[string]string{"runs/x": "runs/x", "a b": "'a b'", "p/*.parquet": "'p/*.parquet'", "it's": `'it'\''s'`, "": "''"} {
		if got := quoted(word); got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
	}
}
