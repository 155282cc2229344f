package main

import (
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// wordsKey is where an app keeps the words of its command line.
const wordsKey = "words"

// words are the command line that an app was run with; package flag keeps only what it made of it.
func words(c *cli.Context) []string {
	all, _ := c.App.Metadata[wordsKey].([]string)
	return all
}

// noArguments complains about words that are no flags. Most often the shell has expanded a pattern that should have reached
// a flag whole, and everything after its first file was taken for arguments, or a switch was given a value of its own.
func noArguments(c *cli.Context) error {
	if !c.Args().Present() {
		return nil
	}
	stray, before := c.Args().First(), ""
	if all := words(c); len(all) > c.NArg() {
		before = all[len(all)-c.NArg()-1]
	}
	name := strings.TrimLeft(before, "-")
	flag := findFlag(c.Command.Flags, name)
	_, isFile := os.Stat(stray)
	switch {
	case flag != nil && !takesValue(flag) && before != name && name == "resume":
		return usageErrorf("unexpected argument %q: --resume stands alone, or before the word latest; the run is the one in --out, at its newest checkpoint", stray)
	case flag != nil && !takesValue(flag) && before != name:
		return usageErrorf("unexpected argument %q; booleans are given as --%s=%s", stray, name, truth(stray))
	case isFile == nil || strings.ContainsAny(stray, "./"):
		return usageErrorf("unexpected argument %q: every value follows its flag, and a pattern needs quotes, as in --pairs 'part-*.parquet'", stray)
	}
	return usageErrorf("unexpected argument %q: every value follows its flag; see %s --help", stray, c.Command.HelpName)
}

// truth is a word that a boolean flag takes, as near to a given one as can be.
func truth(word string) string {
	if slices.Contains([]string{"false", "no", "off", "0", "f", "n"}, strings.ToLower(word)) {
		return "false"
	}
	return "true"
}

// refuseRepeats complains about a flag that is given twice, of which package flag would take the last without a word.
func refuseRepeats(c *cli.Context) error {
	all := words(c)
	depth := len(strings.Fields(c.Command.HelpName))
	if len(all) < depth {
		return nil
	}
	seen := map[string]bool{}
	for rest := all[depth:]; len(rest) > 0; {
		word := rest[0]
		name, _, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
		flag := findFlag(c.Command.Flags, name)
		if flag == nil || !strings.HasPrefix(word, "-") { // the end of the flags
			return nil
		}
		if seen[flag.Names()[0]] && !isRepeatable(flag) {
			return usageErrorf("--%s is given twice; give it once", flag.Names()[0])
		}
		seen[flag.Names()[0]] = true
		rest = rest[1:]
		if takesValue(flag) && !hasValue && len(rest) > 0 {
			rest = rest[1:]
		}
	}
	return nil
}

func findFlag(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if name != "" && slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// takesValue tells whether the word after a flag belongs to it.
func takesValue(f cli.Flag) bool {
	switch f := f.(type) {
	case *cli.BoolFlag:
		return false
	case *cli.GenericFlag:
		b, ok := f.Value.(interface{ IsBoolFlag() bool })
		return !ok || !b.IsBoolFlag()
	}
	return true
}

func isRepeatable(f cli.Flag) bool {
	if g, ok := f.(*cli.GenericFlag); ok {
		_, ok := g.Value.(*list)
		return ok
	}
	s, ok := f.(cli.DocGenerationSliceFlag)
	return ok && s.IsSliceFlag()
}
