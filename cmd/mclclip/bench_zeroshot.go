package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/paired"
	"github.com/mclclip/mclclip/bench/zeroshot"
	"github.com/mclclip/mclclip/data/embedding"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// benchZeroShot is everything that the command line of mclclip bench zeroshot says.
type benchZeroShot struct {
	evaluation
	classes   string
	templates string
	features  string // of the classes, for exported embeddings

	names   []string // of the classes, as they stand in prompts
	byLabel map[string]int
	prompts []string // that are put around the names
}

func benchZeroShotCommand(s streams) *cli.Command {
	f := &benchZeroShot{evaluation: newEvaluation("zeroshot"), templates: "simple"}
	return &cli.Command{
		Name:  "zeroshot",
		Usage: "classify images by the texts of their classes",
		Description: "The classifier of a class is the mean of its prompts' unit features, as open_clip makes it. Labels are names of --classes, or\n" +
			"their numbers from 0. Prints top-1, top-5 and the mean recall of the classes with 95 % intervals and McNemar's test\n" +
			"of base and control against the stages integrated, and writes zeroshot.json, zeroshot.csv (every image) and\n" +
			"class-features/COLUMN.npy, which --class-features takes for exported embeddings of that column.",
		Flags: append(f.flags(true),
			&cli.StringFlag{Name: "classes", Usage: "`FILE` with the name of a class in each line, or label, tab, name; without it the labels are the names", Destination: &f.classes},
			&cli.StringFlag{Name: "templates", Usage: "`FILE` with a prompt in each line, {} for the class; or simple (OpenAI's seven), photo (a photo of a {}.), name ({})", Value: f.templates, Destination: &f.templates},
			&cli.StringFlag{Name: "class-features", Usage: "with --embeddings: npy `FILE` [classes, D] of the classes' features, in the order of --classes", Destination: &f.features}),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *benchZeroShot) do(ctx context.Context, s streams) error {
	if err := f.check(true); err != nil {
		return err
	}
	if (len(f.embeddings) > 0) != (f.features != "") {
		return usageErrorf("--embeddings hold no features of the classes: --class-features names them, and goes with --embeddings alone")
	}
	if err := f.readTexts(); err != nil {
		return err
	}
	return f.measured(s, func() error { return f.exports(s) }, func(l *lineup, device torch.Device, log *metrics.Logger) error {
		return f.models(ctx, s, l, device, log)
	})
}

// models measures models on pictures.
func (f *benchZeroShot) models(ctx context.Context, s streams, lineup *lineup, device torch.Device, log *metrics.Logger) error {
	source, err := f.open(ctx, f.pairs, f.images, log)
	if err != nil {
		return err
	}
	var subjects []subject
	var labels []int
	var names []string
	err = withLineup(lineup, device, func(e *towers) error {
		p, err := e.pictures(ctx, source, f.machine.workers, log)
		if err != nil {
			return err
		}
		texts, err := p.labels()
		if err == nil {
			labels, err = f.numbers(texts)
		}
		if err != nil {
			return err
		}
		features, err := e.texts(slices.Concat(zeroshot.Prompts(f.names, f.prompts)...))
		subjects, names = lineup.subjects(p.images, features), p.names
		return err
	})
	if err != nil {
		return err
	}
	score := f.score(s, subjects, labels, names, f.classifier)
	return errors.Join(score, source.skipped())
}

// classifier makes the features of the classes and leaves them beside the reports, for exported embeddings of the same model.
func (f *benchZeroShot) classifier(one subject) ([][]float32, error) {
	weights, err := zeroshot.Classifier(slices.Collect(slices.Chunk(one.texts, len(f.prompts))))
	if err != nil || f.out == "" {
		return weights, err
	}
	dir := filepath.Join(f.out, "class-features")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	if err := embedding.WriteNPY(filepath.Join(dir, one.name+".npy"), weights); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	return weights, nil
}

// exports measures exported embeddings.
func (f *benchZeroShot) exports(s streams) error {
	sets, err := readExports("embeddings", f.embeddings)
	if err != nil {
		return err
	}
	texts, err := exportColumn("embeddings", sets, f.label)
	if err != nil {
		return err
	}
	labels, err := f.numbers(texts)
	if err != nil {
		return err
	}
	classes, err := embedding.ReadNPY(f.features)
	if err != nil {
		return fmt.Errorf("--class-features: %w", err)
	}
	if len(classes) != len(f.names) {
		return fmt.Errorf("--class-features: %s has %d rows for %d classes", f.features, len(classes), len(f.names))
	}
	var subjects []subject
	for _, set := range sets {
		subjects = append(subjects, subject{name: set.name, images: set.set.Image})
	}
	return f.score(s, subjects, labels, exportNames(sets), func(subject) ([][]float32, error) { return classes, nil })
}

func (f *benchZeroShot) score(s streams, subjects []subject, labels []int, names []string, classifier func(subject) ([][]float32, error)) error {
	settings := map[string]string{"classes": fmt.Sprint(len(f.names)), "images": fmt.Sprint(len(labels)), "templates": strings.Join(f.prompts, " | ")}
	notes := []string{fmt.Sprintf("%d images, %d classes, %d templates.", len(labels), len(f.names), len(f.prompts))}
	return f.report(s, subjects, settings, notes, func(one subject) ([]paired.Metric, error) {
		weights, err := classifier(one)
		if err != nil {
			return nil, err
		}
		result, err := zeroshot.Score(one.images, weights, labels)
		if err != nil {
			return nil, err
		}
		return paired.Named(result.Metrics(), names), nil
	})
}

// readTexts reads the names of the classes and the templates.
func (f *benchZeroShot) readTexts() error {
	if f.prompts = zeroshot.Templates[f.templates]; f.prompts == nil {
		file, err := os.Open(f.templates)
		if err != nil {
			return fmt.Errorf("--templates: %w; want a file, or %s", err, strings.Join(slices.Sorted(maps.Keys(zeroshot.Templates)), ", "))
		}
		defer file.Close()
		if f.prompts, err = zeroshot.ReadTemplates(file); err != nil {
			return fmt.Errorf("--templates %s: %w", f.templates, err)
		}
	}
	if f.classes == "" {
		return nil
	}
	file, err := os.Open(f.classes)
	if err != nil {
		return fmt.Errorf("--classes: %w", err)
	}
	defer file.Close()
	lines, err := zeroshot.ReadLines(file)
	if err == nil {
		f.names, f.byLabel, err = zeroshot.Classes(lines)
	}
	if err != nil {
		return fmt.Errorf("--classes %s: %w", f.classes, err)
	}
	return nil
}

// numbers turns labels into numbers of classes; without --classes the labels themselves are the classes.
func (f *benchZeroShot) numbers(labels []string) ([]int, error) {
	if f.names == nil {
		var err error
		if f.names, f.byLabel, err = zeroshot.ClassesOf(labels); err != nil {
			return nil, err
		}
	}
	numbers := make([]int, len(labels))
	for i, label := range labels {
		number, ok := f.byLabel[label]
		if !ok {
			return nil, fmt.Errorf("image %d has label %q, which is neither a name in --classes nor a number from 0 to %d", i, label, len(f.names)-1)
		}
		numbers[i] = number
	}
	return numbers, nil
}
