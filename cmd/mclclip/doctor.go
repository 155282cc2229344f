package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// finding is one thing that doctor looked for.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"` // false: mclclip works without it
	Value  string `json:"value"`  // what was found, or why nothing was
	Cure   string `json:"cure,omitempty"`
}

func doctorCommand(s streams) *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name:  "doctor",
		Usage: "show what mclclip finds on this machine, and the cure of what is missing",
		Description: "Looks for libtorch, CUDA, the image libraries and the emoji packages, times one matrix product on each device,\n" +
			"and looks at the terminal and the free disk space. The exit code is 1 when something is missing that mclclip cannot\n" +
			"do without.",
		Flags: []cli.Flag{
			jsonFlag(&asJSON),
		},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return runDoctor(c.Context, s, asJSON)
		},
	}
}

// runDoctor prints the findings in the order of their making; the text appears line by line, for the products take a while.
func runDoctor(ctx context.Context, s streams, asJSON bool) error {
	var found []finding
	missing := 0
	for _, examine := range examinations() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, f := range examine(s) {
			found = append(found, f)
			if f.Needed && !f.OK {
				missing++
			}
			if !asJSON {
				printFinding(s.stdout, f)
			}
		}
	}
	if asJSON {
		if err := printJSON(s.stdout, found); err != nil {
			return err
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d things are missing that mclclip cannot do without", missing)
	}
	return nil
}

func printFinding(w io.Writer, f finding) {
	mark := "ok"
	switch {
	case !f.OK && f.Needed:
		mark = "MISSING"
	case !f.OK:
		mark = "none"
	}
	fmt.Fprintf(w, "%-8s %-16s %s\n", mark, f.Name, f.Value)
	if f.Cure != "" {
		fmt.Fprintf(w, "%-25s cure: %s\n", "", f.Cure)
	}
}
