package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/internal/typo"
)

// What package flag says about a flag it cannot use.
var (
	unknownFlag  = regexp.MustCompile(`^flag provided but not defined: -+(.+)$`)
	missingValue = regexp.MustCompile(`^flag needs an argument: -+(.+)$`)
	wrongValue   = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-+([^:]+): (.+)$`)
)

// onUsageError turns what package flag says into one line with the flag as the user writes it and a cure.
func onUsageError(c *cli.Context, err error, _ bool) error {
	text := err.Error()
	if m := unknownFlag.FindStringSubmatch(text); m != nil {
		return usageErrorf("unknown flag --%s%s; see %s --help", m[1], didYouMean("--"+m[1], flagNames(c.Command.Flags)), c.Command.HelpName)
	}
	if m := missingValue.FindStringSubmatch(text); m != nil {
		return usageErrorf("--%s needs a value%s", m[1], wanted(c.Command.Flags, m[1], ": "))
	}
	if m := wrongValue.FindStringSubmatch(text); m != nil {
		if hint := wanted(c.Command.Flags, m[2], ": want "); hint != "" {
			return usageErrorf("--%s %s%s", m[2], m[1], hint)
		}
		return usageErrorf("--%s %s: %s", m[2], m[1], m[3])
	}
	return usageErrorf("%s; see %s --help", text, c.Command.HelpName)
}

// require complains about a flag that was not given.
func require(name, value, example string) error {
	if value != "" {
		return nil
	}
	return usageErrorf("--%s is missing, for instance --%s %s", name, name, example)
}

// wanted says after prefix which values a flag takes, or "" where its type does not tell.
func wanted(flags []cli.Flag, name, prefix string) string {
	for _, f := range flags {
		if !slices.Contains(f.Names(), name) {
			continue
		}
		switch f.(type) {
		case *cli.IntFlag, *cli.Int64Flag:
			return prefix + "a whole number"
		case *cli.UintFlag, *cli.Uint64Flag:
			return prefix + "a whole number from 0 on"
		case *cli.Float64Flag:
			return prefix + "a number"
		case *cli.BoolFlag:
			return prefix + "true or false"
		case *cli.DurationFlag:
			return prefix + "a duration such as 90s or 10m"
		}
	}
	return ""
}

func flagNames(flags []cli.Flag) []string {
	names := []string{"--help"}
	for _, f := range flags {
		names = append(names, "--"+f.Names()[0])
	}
	return names
}

// didYouMean names the candidate nearest to a mistyped word, or nothing when none is near.
func didYouMean(word string, candidates []string) string {
	best, distance := "", 1+len(strings.TrimLeft(word, "-"))/3
	for _, candidate := range candidates {
		if d := typo.Distance(word, candidate); d <= distance {
			best, distance = candidate, d-1
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}
