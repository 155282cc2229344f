package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/atomicfile"
)

// blend is everything that the command line of mclclip blend says.
type blend struct {
	machine     machineFlags
	base, tuned string
	model       string
	alpha       string
	data        string
	out         string
	format      string
	json        bool
}

func blendCommand(s streams) *cli.Command {
	f := &blend{}
	return &cli.Command{
		Name:  "blend",
		Usage: "average the weights of a base model and a tuned one (WiSE-FT)",
		Description: "Makes (1 - alpha) x base + alpha x tuned. With --data each alpha is scored on a benchmark of MMVP-VLM's layout, a column each,\n" +
			"as mmvp does. With --out the models are written for open_clip and transformers: into the folder itself, or with several\n" +
			"alphas into a folder of it for each, alpha-0.25 and so on.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "base", Usage: pretrainedUsage, Destination: &f.base},
			&cli.StringFlag{Name: "tuned", Usage: "weights that were trained from those, at `PATH`; of a run: runs/first/stage-1/model", Destination: &f.tuned},
			&cli.StringFlag{Name: "model", Usage: modelUsage, Destination: &f.model},
			&cli.StringFlag{Name: "alpha", Usage: "share of the tuned weights, or several such as 0,0.25,0.5,0.75,1", Value: "0.5", Destination: &f.alpha},
			&cli.StringFlag{Name: "data", Usage: "benchmark `FOLDER` with Questions.csv and the images", Destination: &f.data},
			outFlag(&f.out),
			&cli.StringFlag{Name: "format", Usage: "of --out: open_clip, hf or `both`", Value: "both", Destination: &f.format},
			jsonFlag(&f.json),
		}, f.machine.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *blend) do(ctx context.Context, s streams) error {
	alphas, err := f.check()
	if err != nil {
		return &exitError{codeUsage, err}
	}
	device, err := f.machine.apply()
	if err != nil {
		return err
	}
	if err := f.fit(); err != nil {
		return err
	}
	b := &bench{ctx: ctx, device: device}
	if f.data != "" {
		if b.dataset, err = mmvp.Open(f.data); err != nil {
			return fmt.Errorf("--data: %w", err)
		}
		if b.images, err = readImages(b.dataset); err != nil {
			return err
		}
	}
	columns, err := f.models(b, alphas)
	if err != nil {
		return err
	}
	return f.print(s, b, columns)
}

// check validates the flags and returns the alphas.
func (f *blend) check() (alphas []float64, err error) {
	if err := errors.Join(require("base", f.base, "ViT-B-32"), require("tuned", f.tuned, "runs/first/stage-1/model")); err != nil {
		return nil, err
	}
	if f.data == "" && f.out == "" {
		return nil, errors.New("give --out for the blended weights, --data to score them, or both")
	}
	if f.json && f.data == "" {
		return nil, errors.New("--json goes with --data, whose scores it prints")
	}
	if _, ok := weightFormats[f.format]; !ok {
		return nil, fmt.Errorf("--format %q: want open_clip, hf or both", f.format)
	}
	for _, text := range strings.Split(f.alpha, ",") {
		alpha, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !(alpha >= 0 && alpha <= 1) {
			return nil, fmt.Errorf("--alpha %q: want numbers from 0 (base) to 1 (tuned), such as 0.5 or 0,0.25,0.5,0.75,1", f.alpha)
		}
		if slices.Contains(alphas, alpha) {
			return nil, fmt.Errorf("--alpha %q: %g stands there twice", f.alpha, alpha)
		}
		alphas = append(alphas, alpha)
	}
	return alphas, nil
}

func (f *blend) options() clip.Options { return clip.Options{Model: f.model} }

// fit checks that the two models can be blended and written, before either is loaded.
func (f *blend) fit() error {
	base, err := clip.Check(f.base, f.options())
	if err != nil {
		return fmt.Errorf("--base: %w", err)
	}
	tuned, err := clip.Check(f.tuned, f.options())
	if err != nil {
		return fmt.Errorf("--tuned: %w", err)
	}
	if err := clip.CheckBlend(base, tuned); err != nil {
		return fmt.Errorf("--base %s, --tuned %s: %w", f.base, f.tuned, err)
	}
	if f.out == "" {
		return nil
	}
	if err := weightFormats[f.format].CheckExport(base); err != nil {
		return usageErrorf("--format: %w", err)
	}
	return nil
}

// models makes the blends one after the other, writes them where --out asks for it and scores them where there is a benchmark.
func (f *blend) models(b *bench, alphas []float64) (columns []mmvp.Column, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	base, _, err := clip.LoadAs(f.base, f.options(), b.device)
	if err != nil {
		return nil, err
	}
	defer base.Close()
	tuned, pre, err := clip.LoadAs(f.tuned, f.options(), b.device)
	if err != nil {
		return nil, err
	}
	defer tuned.Close()
	each := func(dir func(alpha float64) string) error {
		for _, alpha := range alphas {
			column, err := b.blended(base, tuned, pre, alpha, dir(alpha), weightFormats[f.format])
			if err != nil {
				return err
			}
			columns = append(columns, column)
		}
		return nil
	}
	switch {
	case f.out == "":
		err = each(func(float64) string { return "" })
	case len(alphas) == 1:
		err = each(func(float64) string { return f.out })
	default:
		err = atomicfile.WriteDir(f.out, func(tmp string) error {
			return each(func(alpha float64) string { return filepath.Join(tmp, fmt.Sprintf("alpha-%g", alpha)) })
		})
	}
	return columns, err
}

// blended makes one blend, writes it into dir, if there is one, and scores it, if there is a benchmark.
func (b *bench) blended(base, tuned *clip.Model, pre clip.Preprocess, alpha float64, dir string, formats clip.Formats) (column mmvp.Column, err error) {
	if err := b.ctx.Err(); err != nil {
		return column, err
	}
	model, err := clip.Blend(base, tuned, alpha)
	if err != nil {
		return column, err
	}
	encoder, err := clip.NewEncoder(model, pre)
	if err != nil {
		model.Close()
		return column, err
	}
	defer encoder.Close()
	if dir != "" {
		if err := model.Export(dir, pre, formats); err != nil {
			return column, fmt.Errorf("--out: %w", err)
		}
	}
	if b.dataset == nil {
		return column, nil
	}
	e, err := b.embedWith(encoder)
	if err != nil {
		return column, err
	}
	result, err := mmvp.Score(b.dataset, e.images, e.texts)
	return mmvp.Column{Name: fmt.Sprintf("alpha %g", alpha), Result: result}, err
}

// print prints the scores, or where the weights are.
func (f *blend) print(s streams, b *bench, columns []mmvp.Column) error {
	if b.dataset == nil {
		_, err := fmt.Fprintln(s.stdout, f.out)
		return err
	}
	report, err := mmvp.NewReport(f.tuned+" blended with "+f.base, b.dataset, columns)
	if err != nil {
		return err
	}
	if f.json {
		return report.WriteJSON(s.stdout)
	}
	return report.WriteText(s.stdout)
}
