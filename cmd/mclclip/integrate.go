package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train/metrics"
)

// integrate is everything that the command line of mclclip integrate says.
type integrate struct {
	pairs   pairsFlags
	machine machineFlags
	run     string
	rule    string
	most    int64
}

func integrateCommand(s streams) *cli.Command {
	f := &integrate{rule: mcl.Weighted, most: 4096}
	return &cli.Command{
		Name:  "integrate",
		Usage: "fit how much each stage counts in the integrated embedding, on held-out pairs",
		Description: "weighted gives each model a weight, attention weights that depend on the image and the text. The numbers are written into\n" +
			"the run folder; --integrate weighted or attention of mmvp, export and the benchmarks reads them. The controls get\n" +
			"weights of their own. Give pairs that the run was not trained on: on its own data every stage looks better than it is.",
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "run", Usage: "run `FOLDER` of finetune", Destination: &f.run},
			&cli.StringFlag{Name: "rule", Usage: "`weighted` or attention", Value: f.rule, Destination: &f.rule},
			&cli.Int64Flag{Name: "max-pairs", Usage: "about so many `PAIRS` at most, in runs of 64 spread over the data", Value: f.most, Destination: &f.most},
		}, f.pairs.flags()...), f.machine.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *integrate) do(ctx context.Context, s streams) error {
	if err := require("run", f.run, "runs/first"); err != nil {
		return err
	}
	if f.rule != mcl.Weighted && f.rule != mcl.Attention {
		return usageErrorf("--rule %q: want %s or %s; the other rules need no fit", f.rule, mcl.Weighted, mcl.Attention)
	}
	if f.most < 10 {
		return usageErrorf("--max-pairs %d: want at least 10", f.most)
	}
	lineup, err := runLineup(f.run, mcl.None)
	if err != nil {
		return err
	}
	device, err := f.machine.apply()
	if err != nil {
		return err
	}
	source, err := f.pairs.open()
	if err != nil {
		return err
	}
	log, err := metrics.Open(metrics.Config{Console: s.stderr})
	if err != nil {
		return err
	}
	defer log.Close()
	index, err := scanPairs(ctx, source, f.machine.workers, log)
	if err != nil {
		return err
	}
	f.warn(source, log)
	var images, texts [][][]float32
	err = withLineup(lineup, device, func(e *towers) error {
		p, err := e.pictures(ctx, pairSource{index.Sample(f.most, 64)}, f.machine.workers, log)
		if err != nil {
			return err
		}
		var first []string
		for _, captions := range p.texts {
			first = append(first, captions[0])
		}
		images = p.images
		texts, err = e.texts(first)
		return err
	})
	if err != nil {
		return err
	}
	return f.fit(s, lineup, source, images, texts)
}

// warn says when the pairs are those that the run was trained on.
func (f *integrate) warn(source *data.Source, log *metrics.Logger) {
	if resolved, err := mcl.ReadResolved(f.run); err == nil && resolved.Data == source.Fingerprint() {
		log.Printf("warning: --pairs are the pairs that the run was trained on: the weights will favour what the stages learned by heart")
	}
}

func (f *integrate) fit(s streams, l *lineup, source *data.Source, images, texts [][][]float32) error {
	fitted := &mcl.Fitted{Version: 1, Rule: f.rule, Data: source.Fingerprint(), Pairs: len(images[0])}
	integrated, err := mcl.ReadIntegrated(f.run)
	if err != nil {
		return err
	}
	for _, members := range [][]mcl.Member{integrated.Stages, integrated.Control} {
		var parts []mcl.PairFeatures
		for _, m := range members {
			at := l.place(m.Name)
			parts = append(parts, mcl.PairFeatures{Name: m.Name, Images: images[at], Texts: texts[at]})
		}
		if len(parts) == 0 {
			continue
		}
		fusion, err := mcl.FitFusion(f.rule, parts)
		if err != nil {
			return fmt.Errorf("--pairs: %w", err)
		}
		fitted.Fusions = append(fitted.Fusions, fusion)
		fmt.Fprintf(s.stdout, "%s: held-out loss %.4f, with equal weights %.4f%s\n", strings.Join(fusion.Members, ", "), fusion.HeldOut.Fitted, fusion.HeldOut.Equal, weightsText(fusion.Weights()))
	}
	path, err := fitted.Save(f.run)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, path)
	return nil
}

func weightsText(weights []float64) string {
	if weights == nil {
		return ""
	}
	var parts []string
	for _, w := range weights {
		parts = append(parts, fmt.Sprintf("%.3f", w))
	}
	return "; weights " + strings.Join(parts, ", ")
}
