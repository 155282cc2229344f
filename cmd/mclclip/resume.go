package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/internal/typo"
	"github.com/mclclip/mclclip/mcl"
)

// resumeMode is the value of --resume.
type resumeMode string

const (
	startNew    resumeMode = ""
	goOn        resumeMode = "run"    // there must be a run
	goOnOrStart resumeMode = "latest" // as in open_clip: a script that starts the same command again and again needs no case for its first start
)

// Set takes nothing, which package flag gives as true, or the word latest.
func (m *resumeMode) Set(value string) error {
	switch value {
	case "true":
		*m = goOn
	case "false":
		*m = startNew
	case string(goOnOrStart):
		*m = goOnOrStart
	default:
		return errors.New("want --resume alone, or --resume latest; the run is the one in --out, at its newest checkpoint")
	}
	return nil
}

// String is the default that --help shows.
func (m *resumeMode) String() string { return "" }

// IsBoolFlag lets the flag stand alone.
func (m *resumeMode) IsBoolFlag() bool { return true }

// resumeLatest lets --resume be written as in open_clip, with the word latest after it.
func resumeLatest(args []string) []string {
	var out []string
	for i, arg := range args {
		if i > 0 && arg == string(goOnOrStart) && strings.TrimLeft(args[i-1], "-") == "resume" {
			out[len(out)-1] += "=" + arg
			continue
		}
		out = append(out, arg)
	}
	return out
}

// nothingToResume says that a folder holds no run to go on with, and which ones beside it do; "" where it holds one.
func nothingToResume(dir string) string {
	if isRun(dir) {
		return ""
	}
	text := "nothing to resume in " + dir
	if _, err := os.Stat(dir); err != nil {
		text += ", which is not there"
	}
	if runs := runsBeside(dir); len(runs) > 0 {
		text += "; runs here: " + strings.Join(runs, ", ")
	}
	return text
}

func isRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, mcl.ConfigFile))
	return err == nil
}

// runsBeside lists run folders beside dir, those of the most similar names first.
func runsBeside(dir string) []string {
	const most = 5
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "*", mcl.IntegratedFile))
	begun, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "*", mcl.PairsDir))
	var runs []string
	for _, inside := range append(found, begun...) {
		if run := filepath.Dir(inside); isRun(run) && !slices.Contains(runs, run) {
			runs = append(runs, run)
		}
	}
	slices.SortStableFunc(runs, func(a, b string) int {
		return typo.Distance(filepath.Base(a), filepath.Base(dir)) - typo.Distance(filepath.Base(b), filepath.Base(dir))
	})
	if len(runs) > most {
		runs = append(runs[:most], fmt.Sprintf("and %d more", len(runs)-most))
	}
	return runs
}
