package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train/metrics"
)

// finished tells whether a resumed run has nothing left to do, its page included.
func (f *finetune) finished(at mcl.Place) bool {
	for _, name := range []string{mcl.IntegratedFile, reportFile} {
		if _, err := os.Stat(filepath.Join(f.out, name)); err != nil {
			return false
		}
	}
	return at.Done()
}

// tellEnd says how a run ended, what it has left and which commands come next.
func (f *finetune) tellEnd(log *metrics.Logger, said string) {
	log.Printf("%s; the report is %s", said, filepath.Join(f.out, reportFile))
	log.Printf("next: %s mmvp --run %s --data MMVP_VLM", quoted(f.program), quoted(f.out))
	pairs := make([]string, len(f.pairs.patterns))
	for i, pattern := range f.pairs.patterns {
		pairs[i] = "--pairs " + quoted(pattern)
	}
	log.Printf("next: %s export --run %s %s --out %s", quoted(f.program), quoted(f.out), strings.Join(pairs, " "), quoted(filepath.Clean(f.out)+"-embeddings"))
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:=,@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
