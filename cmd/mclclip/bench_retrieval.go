package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/paired"
	"github.com/mclclip/mclclip/bench/retrieval"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// benchRetrieval is everything that the command line of mclclip bench retrieval says.
type benchRetrieval struct {
	evaluation
	key string
}

func benchRetrievalCommand(s streams) *cli.Command {
	f := &benchRetrieval{evaluation: newEvaluation("retrieval")}
	return &cli.Command{
		Name:  "retrieval",
		Usage: "how images find their captions and captions their image: recall at 1, 5 and 10",
		Description: "Ranks are exact, by the cosine. An image may have several captions: a list in one row, or with --same-image rows of one key.\n" +
			"Prints a table with 95 % intervals and McNemar's test of base and control against the stages integrated, and\n" +
			"writes retrieval.json and retrieval.csv (every query). The figures are CLIP_benchmark's.",
		Flags: append(f.flags(false),
			&cli.StringFlag{Name: "same-image", Usage: "`COLUMN` that names the image of each row: rows of one name are one image with several captions", Destination: &f.key}),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *benchRetrieval) do(ctx context.Context, s streams) error {
	if err := f.check(false); err != nil {
		return err
	}
	return f.measured(s, func() error { return f.exports(s) }, func(l *lineup, device torch.Device, log *metrics.Logger) error {
		return f.models(ctx, s, l, device, log)
	})
}

// models measures models on pairs.
func (f *benchRetrieval) models(ctx context.Context, s streams, lineup *lineup, device torch.Device, log *metrics.Logger) error {
	f.pairs.options.KeyColumn = f.key
	source, err := openPairSource(ctx, f.pairs, "", f.machine.workers, log)
	if err != nil {
		return err
	}
	var subjects []subject
	var of []int
	var queries [2][]string
	err = withLineup(lineup, device, func(e *towers) error {
		p, err := e.pictures(ctx, source, f.machine.workers, log)
		if err != nil {
			return err
		}
		captions, images := []string(nil), []int(nil)
		captions, of, images, queries = p.captionsOf(f.key != "")
		texts, err := e.texts(captions)
		for m := range p.images {
			p.images[m] = chosen(p.images[m], images)
		}
		subjects = lineup.subjects(p.images, texts)
		return err
	})
	if err != nil {
		return err
	}
	return errors.Join(f.score(s, subjects, of, queries), source.skipped())
}

// exports measures exported embeddings.
func (f *benchRetrieval) exports(s streams) error {
	sets, err := readExports("embeddings", f.embeddings)
	if err != nil {
		return err
	}
	p := embeddedPictures{texts: make([][]string, sets[0].set.Rows()), names: exportNames(sets)}
	for row := range p.texts {
		p.texts[row] = []string{""} // one caption a row
	}
	if f.key != "" {
		if p.keys, err = exportColumn("embeddings", sets, f.key); err != nil {
			return fmt.Errorf("--same-image: %w", err)
		}
	}
	_, of, images, queries := p.captionsOf(f.key != "")
	subjects := exportSubjects(sets)
	for i := range subjects {
		if subjects[i].images == nil || subjects[i].texts == nil {
			return fmt.Errorf("--embeddings: %s: retrieval needs embeddings of images and texts", sets[0].set.Dir)
		}
		subjects[i].images = chosen(subjects[i].images, images)
	}
	return f.score(s, subjects, of, queries)
}

// score ranks; queries are the names of the images and of the captions.
func (f *benchRetrieval) score(s streams, subjects []subject, of []int, queries [2][]string) error {
	settings := map[string]string{"captions": fmt.Sprint(len(of)), "images": fmt.Sprint(len(subjects[0].images))}
	notes := []string{fmt.Sprintf("%d images, %d captions; ranks begin at 1.", len(subjects[0].images), len(of))}
	return f.report(s, subjects, settings, notes, func(one subject) ([]paired.Metric, error) {
		result, err := retrieval.Score(one.images, one.texts, of)
		if err != nil {
			return nil, err
		}
		list := result.Metrics()
		half := len(list) / 2 // images ask first
		paired.Named(list[:half], queries[0])
		paired.Named(list[half:], queries[1])
		return list, nil
	})
}

// chosen picks rows.
func chosen[T any](rows []T, which []int) []T {
	out := make([]T, len(which))
	for i, row := range which {
		out[i] = rows[row]
	}
	return out
}
