package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/report"
	"github.com/mclclip/mclclip/train/metrics"
)

const reportFile = "report.html"

// runReport is everything that the command line of mclclip report says.
type runReport struct {
	program string // see streams

	pairs pairsFlags
	run   string
	data  string
	out   string

	figures string             // folder
	seeds   map[string]float64 // by the phase whose clusters they are: agreement with another seed
}

func reportCommand(s streams) *cli.Command {
	f := &runReport{program: s.program}
	return &cli.Command{
		Name:  "report",
		Usage: "draw a run as one page: curves, scores, pairs gained and lost, clusters",
		Description: "Writes report.html into the run folder; it needs no network and no other file. What the run does not have yet is left\n" +
			"out. finetune writes the page when it ends, mmvp once more with the scores and the benchmark's pictures.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "run", Usage: "run `FOLDER` of finetune", Destination: &f.run},
			&cli.StringFlag{Name: "data", Usage: "benchmark `FOLDER` that mmvp measured, for the pictures of the pairs gained and lost", Destination: &f.data},
			&cli.StringFlag{Name: "out", Usage: "`FILE` to write; by default report.html in the run folder", Destination: &f.out},
			&cli.StringFlag{Name: "figures", Usage: "also draw loss.png, scores.png and clusters.png for papers into this `FOLDER`", Destination: &f.figures},
		}, f.pairs.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *runReport) do(ctx context.Context, s streams) error {
	if err := require("run", f.run, "runs/first"); err != nil {
		return err
	}
	if f.out == "" {
		f.out = filepath.Join(f.run, reportFile)
	}
	if err := f.write(ctx); err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, f.out)
	return nil
}

// writeReport writes the page of a run after finetune or, on the benchmark in data, mmvp.
func writeReport(ctx context.Context, run, data string) error {
	f := &runReport{run: run, data: data, out: filepath.Join(run, reportFile)}
	return f.write(ctx)
}

func (f *runReport) write(ctx context.Context) error {
	r := &report.Report{}
	if err := f.fill(ctx, r); err != nil {
		return err
	}
	if err := atomicfile.WriteFile(f.out, r.WriteHTML); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return f.draw(r)
}

// draw writes the figures where they are asked for.
func (f *runReport) draw(r *report.Report) error {
	if f.figures == "" {
		return nil
	}
	err := os.MkdirAll(f.figures, 0o777)
	if err == nil {
		_, err = r.WriteFigures(f.figures)
	}
	if err != nil {
		return fmt.Errorf("--figures: %w", err)
	}
	return nil
}

// qualityOf takes a model's figures from what the run recorded.
func qualityOf(e metrics.Event) report.Quality {
	value := func(tag string) float64 {
		if v, ok := e.Values[tag]; ok {
			return v
		}
		return math.NaN()
	}
	return report.Quality{
		Model: e.Phase, Alignment: value(mcl.AlignmentTag), Images: value(mcl.ImageUniformityTag), Texts: value(mcl.CaptionUniformityTag),
		Recall: value(mcl.RecallTag), Loss: value(mcl.LossTag), BaseLoss: value(mcl.BaseLossTag), BeforeLoss: value(mcl.BeforeLossTag), IsNew: value(mcl.NewShareTag),
	}
}

// fill gathers what the run folder holds.
func (f *runReport) fill(ctx context.Context, r *report.Report) error {
	resolved, err := mcl.ReadResolved(f.run)
	if err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	r.Title = fmt.Sprintf("%s: %s", filepath.Base(filepath.Clean(f.run)), resolved.ModelName)
	r.Made = fmt.Sprintf("Written by mclclip %s, %s.", version, time.Now().Format("2 January 2006, 15:04"))
	if err := f.settings(r); err != nil {
		return err
	}
	if err := f.metrics(r); err != nil {
		return err
	}
	if err := f.scores(r); err != nil {
		return err
	}
	return f.clusters(ctx, r, resolved)
}

func (f *runReport) settings(r *report.Report) error {
	settings, err := mcl.Settings(f.run)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if value := settings[name]; value != nil {
			r.Settings = append(r.Settings, report.Setting{Name: name, Value: fmt.Sprint(value)})
		}
	}
	return nil
}

func (f *runReport) metrics(r *report.Report) error {
	f.seeds = map[string]float64{}
	steps, events, err := metrics.Read(filepath.Join(f.run, metrics.LinesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	r.Steps = steps
	var held []metrics.Event
	for _, e := range events {
		switch e.Name {
		case mcl.QualityEvent:
			r.Quality = append(r.Quality, qualityOf(e))
		case mcl.HeldOutEvent:
			held = append(held, e)
		case mcl.SeedsEvent:
			f.seeds[e.Phase], _ = mcl.SeedAgreement(e.Values)
		case mcl.WarningEvent:
			r.Warnings = append(r.Warnings, report.Warning{Phase: e.Phase, Text: strings.TrimPrefix(e.Text, "warning: ")})
		}
	}
	r.HeldOut = heldOutRows(held)
	return err
}

// scores reads what mmvp left in the run folder, and with --data the benchmark's pictures.
func (f *runReport) scores(r *report.Report) error {
	scores, err := readScores(filepath.Join(f.run, scoresFolder))
	if errors.Is(err, fs.ErrNotExist) {
		if f.data != "" {
			return fmt.Errorf("--data %s: the run has no scores yet; measure it first: %s mmvp --run %s --data %s", f.data, quoted(f.program), quoted(f.run), quoted(f.data))
		}
		return nil
	}
	if err != nil {
		return err
	}
	r.Scores = scores
	if f.data == "" {
		return nil
	}
	dataset, err := mmvp.Open(f.data)
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	return f.pictures(r, dataset)
}

// pictures reads the images of the pairs that a comparison shows.
func (f *runReport) pictures(r *report.Report, d *mmvp.Dataset) error {
	if !r.Scores.On(d) {
		return fmt.Errorf("--data %s: the run was measured on another benchmark, %s", f.data, r.Scores.Data)
	}
	r.Pictures = map[int][]byte{}
	for _, pair := range r.ShownPairs() {
		for i := 2 * pair; i < 2*pair+2; i++ {
			image, err := os.ReadFile(d.Questions[i].ImagePath)
			if err != nil {
				return fmt.Errorf("--data: %w", err)
			}
			r.Pictures[i] = image
		}
	}
	return nil
}
