package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/speed"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/mcl"
)

// benchScale is everything that the command line of mclclip bench scale says.
type benchScale struct {
	machine machineFlags
	rows    string
	work    scaleWork
	out     string
	asJSON  bool
}

func benchScaleCommand(s streams) *cli.Command {
	f := &benchScale{rows: "1000000,2500000,5000000,10000000", work: scaleWork{width: 32, clusters: 10, stages: 2, batch: 1024, groups: 4, passes: 5}}
	number := func(name, usage string, to *int) cli.Flag {
		return &cli.IntFlag{Name: name, Usage: usage, Value: *to, Destination: to}
	}
	return &cli.Command{
		Name:  "scale",
		Usage: "cluster, label and group many rows of simulated features, and say what a million rows take",
		Description: "Features are computed as they are asked for, so that memory is that of K-means, labels and batches alone. For several numbers\n" +
			"of rows each is measured by a process of its own, and bytes a row are the slope of the peak memory between the smallest and\n" +
			"the largest. An epoch of batches is made and checked: every row is in one batch or waits.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "rows", Usage: "`NUMBERS` of rows, separated by commas; 100000000 takes about 2 GB", Value: f.rows, Destination: &f.rows},
			number("width", "width of a feature, D", &f.work.width),
			number("clusters", "clusters, K", &f.work.clusters),
			number("stages", "stages, N", &f.work.stages),
			number("batch-size", "rows in a batch, b", &f.work.batch),
			number("groups", "labels in a batch, G", &f.work.groups),
			number("max-passes", "passes of K-means over all rows at most", &f.work.passes),
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` of a report", Destination: &f.out},
			jsonFlag(&f.asJSON),
		}, f.machine.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *benchScale) do(ctx context.Context, s streams) error {
	var rows []int64
	for _, text := range strings.Split(f.rows, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || n < 1 {
			return usageErrorf("--rows %q: want numbers, such as 1000000,10000000", f.rows)
		}
		rows = append(rows, n)
	}
	if f.work.width < 1 || f.work.passes < 1 {
		return usageErrorf("--width %d, --max-passes %d: want at least 1", f.work.width, f.work.passes)
	}
	for _, n := range rows {
		if err := mcl.CheckConstraint(n, f.work.clusters, f.work.stages, f.work.batch, f.work.groups); err != nil {
			return &exitError{codeUsage, fmt.Errorf("--rows %d: %w", n, err)}
		}
	}
	device, err := f.machine.apply()
	if err != nil {
		return err
	}
	var results []scaleResult
	for _, n := range rows {
		measure := func() (scaleResult, error) { return f.work.measure(n, device) }
		if len(rows) > 1 {
			measure = func() (scaleResult, error) { return f.apart(ctx, s, n) }
		}
		r, err := measure()
		if err != nil {
			return fmt.Errorf("%d rows: %w", n, err)
		}
		results = append(results, r)
	}
	if f.asJSON {
		return printJSON(s.stdout, results)
	}
	if err := printScale(s.stdout, results); err != nil || f.out == "" {
		return err
	}
	return f.report(results)
}

// apart measures in a process of its own, so that no memory of another measurement is counted.
func (f *benchScale) apart(ctx context.Context, s streams, rows int64) (r scaleResult, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	w := f.work
	args := []string{"bench", "scale", "--json", "--rows", strconv.FormatInt(rows, 10), "--device", f.machine.device, "--threads", strconv.Itoa(f.machine.threads)}
	for name, value := range map[string]int{"width": w.width, "clusters": w.clusters, "stages": w.stages, "batch-size": w.batch, "groups": w.groups, "max-passes": w.passes} {
		args = append(args, "--"+name, strconv.Itoa(value))
	}
	fmt.Fprintf(s.stderr, "$ mclclip %s\n", strings.Join(args, " "))
	process := exec.CommandContext(ctx, self, args...)
	process.Stderr = s.stderr
	raw, err := process.Output()
	if err != nil {
		return r, err
	}
	var list []scaleResult
	if err := json.Unmarshal(raw, &list); err != nil || len(list) != 1 {
		return r, fmt.Errorf("the measuring process printed %q", raw)
	}
	return list[0], nil
}

// printScale prints a line for each number of rows and the bytes a row.
func printScale(w io.Writer, results []scaleResult) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "rows\tseconds: k-means\tlabels\tmerge and group\tan epoch of batches\ts a million rows\tpeak memory, MB\tof which before, MB\tB a row")
	for _, r := range results {
		million := float64(r.Rows) / 1e6
		fmt.Fprintf(table, "%d\t%.1f\t%.2f\t%.2f\t%.1f\t%.2f\t%.0f\t%.0f\t%.1f\n", r.Rows, r.KMeans, r.Labels, r.Group, r.Epoch,
			(r.KMeans+r.Labels+r.Group+r.Epoch)/million, float64(r.Peak)/1e6, float64(r.Before)/1e6, float64(r.Peak-r.Before)/float64(r.Rows))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(results) > 1 {
		first, last := results[0], results[len(results)-1]
		fmt.Fprintf(w, "\nslope of the peak memory: %.1f bytes a row\n", float64(last.Peak-first.Peak)/float64(last.Rows-first.Rows))
	}
	return nil
}

// report leaves the table in a folder, with what it depends on.
func (f *benchScale) report(results []scaleResult) error {
	var table bytes.Buffer
	if err := printScale(&table, results); err != nil {
		return err
	}
	date := time.Now().Format(time.DateOnly)
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return err
	}
	path := filepath.Join(f.out, fmt.Sprintf("scale_%s-%dcpu_%s.md", runtime.GOARCH, runtime.NumCPU(), date))
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		x := f.work
		_, err := fmt.Fprintf(w, "# Many rows, %s\n\n`mclclip bench scale --rows %s --width %d --clusters %d --stages %d --batch-size %d --groups %d --max-passes %d --threads %d`\n\n"+
			"%s, mclclip %s. Features are simulated, seed 0; K-means has one start, and at most %d passes a stage. Peak memory is the resident set of the\nprocess (VmHWM), libtorch included.\n\n```\n%s```\n",
			date, f.rows, x.width, x.clusters, x.stages, x.batch, x.groups, x.passes, f.machine.threads, speed.Hardware(), version, x.passes, table.String())
		return err
	})
}
