package main

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// list is the value of a flag that may be repeated.
type list []string

// Set adds a value.
func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// String is the default that --help shows.
func (l *list) String() string {
	if l == nil {
		return ""
	}
	return strings.Join(*l, " ")
}

// outFlag is the folder that a command makes.
func outFlag(out *string) cli.Flag {
	return &cli.StringFlag{Name: "out", Usage: "`FOLDER` to make; it must be missing or empty", Destination: out}
}

// jsonFlag makes a command print JSON.
func jsonFlag(asJSON *bool) cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print JSON for programs", Destination: asJSON}
}

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
