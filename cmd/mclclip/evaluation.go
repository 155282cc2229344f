package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/paired"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train/metrics"
)

// evaluation is what the command lines of bench zeroshot, retrieval and probe have in common.
type evaluation struct {
	name       string // of the reports
	machine    machineFlags
	pairs      pairsFlags
	weights    weightsFlags
	run        string
	images     string
	embeddings list
	label      string
	integrate  string
	out        string
	json       bool
}

func newEvaluation(name string) evaluation {
	return evaluation{name: name, integrate: mcl.RuleNames[0]}
}

// flags are the common flags; labelled says that each image has a class.
func (f *evaluation) flags(labelled bool) []cli.Flag {
	list := slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "run", Usage: "run `FOLDER` of finetune, whose models are the columns: base, each stage, integrated, control", Destination: &f.run},
	}, f.weights.flags("in place of --run: "+pretrainedUsage, "with --pretrained: "+modelUsage), f.pairs.flags(), []cli.Flag{
		&cli.GenericFlag{Name: "embeddings", Usage: "in place of models and images: `[NAME=]FOLDER` of mclclip export or clip-retrieval; may be repeated, each a column that is compared with the first", Value: &f.embeddings},
		&cli.StringFlag{Name: "integrate", Usage: "`RULE` of the columns integrated and control: " + strings.Join(mcl.Integrations(), ", "), Value: f.integrate, Destination: &f.integrate},
		&cli.StringFlag{Name: "out", Usage: "`FOLDER` of the JSON and CSV reports; by default below bench in the run's own folder", Destination: &f.out},
		&cli.BoolFlag{Name: "json", Usage: "print the report as JSON", Destination: &f.json},
	}, f.machine.flags())
	if labelled {
		list = append(list,
			&cli.StringFlag{Name: "images", Usage: "in place of --pairs: `FOLDER` with a folder of images for each class", Destination: &f.images},
			&cli.StringFlag{Name: "label-column", Usage: "`COLUMN` with the class of each image in --pairs or --embeddings, text or integers", Destination: &f.label})
	}
	return list
}

// check refuses command lines that cannot be meant and prepares the folder of the reports.
func (f *evaluation) check(labelled bool) error {
	models, data := f.run != "" || f.weights.pretrained != "", len(f.pairs.patterns) > 0 || f.images != ""
	switch {
	case len(f.embeddings) > 0 && (models || data):
		return usageErrorf("--embeddings stand in place of models and images: leave --run, --pretrained, --pairs and --images out")
	case len(f.embeddings) == 0 && (f.run == "") == (f.weights.pretrained == ""):
		return usageErrorf("give --run, a folder of finetune, or --pretrained, the weights of a CLIP, or --embeddings")
	case len(f.embeddings) == 0 && (len(f.pairs.patterns) == 0) == (f.images == ""):
		return usageErrorf("give the images to measure on: --pairs, Parquet shards%s", map[bool]string{true: ", or --images, a folder of class folders"}[labelled])
	case labelled && f.images == "" && f.label == "":
		return usageErrorf("--label-column is missing: it names the column with the class of each image")
	case labelled && f.images != "" && f.label != "":
		return usageErrorf("--label-column goes with --pairs or --embeddings; the classes of --images are its folders")
	case f.weights.pretrained == "" && f.weights.options != (weightsFlags{}).options:
		return usageErrorf("--model and --force-image-size go with --pretrained, the weights that they are of")
	}
	if err := f.weights.validate(); err != nil {
		return &exitError{codeUsage, err}
	}
	if err := checkIntegrate(f.integrate); err != nil {
		return err
	}
	if f.out == "" && f.run != "" {
		f.out = filepath.Join(f.run, "bench")
	}
	return nil
}

// lineup finds the models, before anything is read.
func (f *evaluation) lineup() (*lineup, error) {
	if f.run != "" {
		return runLineup(f.run, f.integrate)
	}
	if _, err := f.weights.check(); err != nil {
		return nil, err
	}
	return singleLineup(f.weights), nil
}

// prepare finds the models and the device and makes the folder of the reports, before any image is read.
func (f *evaluation) prepare() (*lineup, torch.Device, error) {
	device, err := f.machine.apply()
	if err != nil {
		return nil, device, err
	}
	if f.out != "" && f.run == "" {
		if err := os.MkdirAll(f.out, 0o777); err != nil {
			return nil, device, fmt.Errorf("--out: %w", err)
		}
	}
	if len(f.embeddings) > 0 {
		return nil, device, nil
	}
	l, err := f.lineup()
	if err == nil && f.out != "" {
		if err = os.MkdirAll(f.out, 0o777); err != nil {
			err = fmt.Errorf("--out: %w", err)
		}
	}
	return l, device, err
}

// measured finds the models and measures them, or exported embeddings where these are given.
func (f *evaluation) measured(s streams, exports func() error, models func(l *lineup, device torch.Device, log *metrics.Logger) error) error {
	lineup, device, err := f.prepare()
	if err != nil {
		return err
	}
	if lineup == nil {
		return exports()
	}
	log, err := metrics.Open(metrics.Config{Console: s.stderr})
	if err != nil {
		return err
	}
	defer log.Close()
	return models(lineup, device, log)
}

// title says what was measured.
func (f *evaluation) title() string {
	for _, text := range []string{f.run, f.weights.pretrained} {
		if text != "" {
			return f.name + ": " + text
		}
	}
	return f.name + ": " + strings.Join(f.embeddings, ", ")
}

// report makes the report of columns that measure gives metrics, compares them and writes it.
func (f *evaluation) report(s streams, subjects []subject, settings map[string]string, notes []string, measure func(subject) ([]paired.Metric, error)) error {
	r := &paired.Report{Title: f.title(), Settings: settings, Notes: notes}
	if f.run != "" {
		settings["integrate"] = f.integrate
	}
	for _, one := range subjects {
		list, err := measure(one)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		if err := r.Add(paired.Column{Name: one.name, Metrics: list}); err != nil {
			return err
		}
	}
	for _, pair := range f.comparisons(subjects) {
		if err := r.Compare(pair[0], pair[1]); err != nil {
			return err
		}
	}
	if f.out != "" {
		for ending, write := range map[string]func(io.Writer) error{".json": r.WriteJSON, ".csv": r.WriteCSV} {
			if err := atomicfile.WriteFile(filepath.Join(f.out, f.name+ending), write); err != nil {
				return fmt.Errorf("--out: %w", err)
			}
		}
	}
	if f.json {
		return r.WriteJSON(s.stdout)
	}
	return r.WriteText(s.stdout)
}

// comparisons are those of base and control with the stages integrated; of several exports, those of the first with the others.
func (f *evaluation) comparisons(subjects []subject) (pairs [][2]string) {
	if f.run == "" && len(f.embeddings) != 1 {
		for _, s := range subjects[1:] {
			pairs = append(pairs, [2]string{subjects[0].name, s.name})
		}
		return pairs
	}
	has := func(name string) bool {
		return slices.ContainsFunc(subjects, func(s subject) bool { return s.name == name })
	}
	for _, name := range []string{"base", "control"} {
		if has(name) && has("integrated") {
			pairs = append(pairs, [2]string{name, "integrated"})
		}
	}
	return pairs
}

// open opens the labelled images of --pairs or of a folder.
func (f *evaluation) open(ctx context.Context, pairs pairsFlags, images string, log *metrics.Logger) (pictureSource, error) {
	if images == "" {
		return openPairSource(ctx, pairs, f.label, f.machine.workers, log)
	}
	source, err := openFolderSource(images, log)
	if err != nil {
		return nil, fmt.Errorf("--images: %w", err)
	}
	return source, nil
}
