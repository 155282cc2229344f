package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
)

// score is everything that the command line of mclclip mmvp says.
type score struct {
	machine   machineFlags
	run       string
	data      string
	weights   weightsFlags
	integrate string
	out       string
	json      bool
}

func mmvpCommand(s streams) *cli.Command {
	f := &score{integrate: mcl.RuleNames[0]}
	return &cli.Command{
		Name:  "mmvp",
		Usage: "measure the models of a run, or one CLIP, on MMVP-VLM",
		Description: "Prints a table of the benchmark's patterns by model: the base, each stage alone, the stages integrated, the control.\n" +
			"Guessing gives 25 %. Always computes in float32, so that two runs give the same table. Writes mmvp.json, mmvp.csv\n" +
			"(every question) and mmvp.html.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "benchmark `FOLDER` with Questions.csv and the images", Destination: &f.data},
			&cli.StringFlag{Name: "run", Usage: "run `FOLDER` of finetune", Destination: &f.run},
		}, f.weights.flags("in place of --run: "+pretrainedUsage, "with --pretrained: "+modelUsage), []cli.Flag{
			&cli.StringFlag{Name: "integrate", Usage: "`RULE` of the columns integrated and control: " + strings.Join(mcl.Integrations(), ", "), Value: f.integrate, Destination: &f.integrate},
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` of the reports; by default the run's own folder, below mmvp", Destination: &f.out},
			&cli.BoolFlag{Name: "json", Usage: "print the whole report as JSON", Destination: &f.json},
		}, f.machine.flags()),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *score) do(ctx context.Context, s streams) error {
	if err := require("data", f.data, "MMVP_VLM"); err != nil {
		return err
	}
	if (f.run == "") == (f.weights.pretrained == "") {
		return usageErrorf("give either --run, a folder of finetune, or --pretrained, the weights of a CLIP")
	}
	if f.weights.options != (clip.Options{}) && f.weights.pretrained == "" {
		return usageErrorf("--model and --force-image-size go with --pretrained, the weights that they are of")
	}
	if err := f.weights.validate(); err != nil {
		return &exitError{codeUsage, err}
	}
	if err := checkIntegrate(f.integrate); err != nil {
		return err
	}
	device, err := f.machine.apply()
	if err != nil {
		return err
	}
	dataset, err := mmvp.Open(f.data)
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	if err := f.prepare(dataset); err != nil {
		return err
	}
	lineup := singleLineup(f.weights)
	if f.run != "" {
		if lineup, err = runLineup(f.run, f.integrate); err != nil {
			return err
		}
	}
	columns, err := f.columns(ctx, dataset, lineup, device)
	if err != nil {
		return err
	}
	report, err := f.report(dataset, columns)
	if err != nil {
		return err
	}
	if err := f.write(report); err != nil {
		return err
	}
	if f.run != "" && f.out == filepath.Join(f.run, scoresFolder) {
		if err := writeReport(ctx, f.run, f.data); err != nil {
			return err
		}
	}
	if f.json {
		return report.WriteJSON(s.stdout)
	}
	return report.WriteText(s.stdout)
}

// columns scores each model alone, then the integrated embeddings.
func (f *score) columns(ctx context.Context, d *mmvp.Dataset, l *lineup, device torch.Device) ([]mmvp.Column, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	images, err := readImages(d)
	if err != nil {
		return nil, err
	}
	b := &bench{ctx: ctx, dataset: d, images: images, device: device, options: l.options, features: map[string]*embedded{}}
	var columns []mmvp.Column
	for _, c := range l.columns {
		column, err := b.column(c, l.models)
		if err != nil {
			return nil, err
		}
		columns = append(columns, column)
	}
	return columns, nil
}

// bench embeds a benchmark with several models, each once.
type bench struct {
	ctx      context.Context
	dataset  *mmvp.Dataset
	images   [][]byte
	device   torch.Device
	options  clip.Options         // of a single model
	features map[string]*embedded // by path of weights
}

type embedded struct{ images, texts [][]float32 }

// column scores the integrated features of a column's models.
func (b *bench) column(c lineupColumn, models []string) (mmvp.Column, error) {
	images, texts := make([][][]float32, len(models)), make([][][]float32, len(models))
	for _, m := range c.models {
		e, err := b.embed(models[m])
		if err != nil {
			return mmvp.Column{}, err
		}
		images[m], texts[m] = e.images, e.texts
	}
	result, err := mmvp.Score(b.dataset, c.join(images, c.rule.Image), c.join(texts, c.rule.Text))
	if err != nil {
		return mmvp.Column{}, fmt.Errorf("%s: %w", c.name, err)
	}
	return mmvp.Column{Name: c.name, Result: result}, nil
}

func (b *bench) embed(dir string) (*embedded, error) {
	if e := b.features[dir]; e != nil {
		return e, nil
	}
	if err := b.ctx.Err(); err != nil {
		return nil, err
	}
	encoder, err := clip.OpenEncoderAs(dir, b.options, b.device)
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	e, err := b.embedWith(encoder)
	if err == nil {
		b.features[dir] = e
	}
	return e, err
}

func (b *bench) embedWith(encoder *clip.Encoder) (*embedded, error) {
	images, err := encoder.Images(b.images)
	if bad := (*clip.ImageError)(nil); errors.As(err, &bad) {
		return nil, fmt.Errorf("--data: %s: %w", b.dataset.Questions[bad.Index].ImagePath, bad.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("--data %s: %w", b.dataset.Dir, err)
	}
	texts, err := encoder.Texts(b.dataset.Prompts())
	return &embedded{images, texts}, err
}

func readImages(d *mmvp.Dataset) ([][]byte, error) {
	images := make([][]byte, len(d.Questions))
	for i, q := range d.Questions {
		var err error
		if images[i], err = os.ReadFile(q.ImagePath); err != nil {
			return nil, fmt.Errorf("question %d: %w", q.ID, err)
		}
	}
	return images, nil
}

// report compares the integrated embedding with the base and the control.
func (f *score) report(d *mmvp.Dataset, columns []mmvp.Column) (*mmvp.Report, error) {
	title := f.run
	if title == "" {
		title = f.weights.pretrained
	}
	if f.integrate != mcl.RuleNames[0] {
		title += " (integrated by " + f.integrate + ")"
	}
	report, err := mmvp.NewReport(title, d, columns)
	if err != nil {
		return nil, err
	}
	for _, c := range columns {
		if f.run != "" && (c.Name == "base" || c.Name == "control") { // a folder of weights may be called so as well
			if _, err := report.Compare(c.Name, "integrated"); err != nil {
				return nil, err
			}
		}
	}
	return report, nil
}
