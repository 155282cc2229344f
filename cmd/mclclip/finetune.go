package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
)

// finetune is everything that the command line of mclclip finetune says.
type finetune struct {
	pairs     pairsFlags
	machine   machineFlags
	weights   weightsFlags
	out       string
	resume    bool
	changes   bool // --allow-changes
	epochs    float64
	buffer    int64 // MB
	saveEvery string
	logEvery  int
	exif      bool
	cfg       mcl.Config
}

func finetuneCommand(s streams) *cli.Command {
	f := &finetune{cfg: mcl.DefaultConfig()}
	return &cli.Command{
		Name:  "finetune",
		Usage: "train a CLIP model in stages, each on negatives that the stages before find alike",
		Description: "Starts from --pretrained weights (or trains a --model from random weights for --base-steps), clusters the images with\n" +
			"the newest model, trains the next stage with negatives from the anchor's own cluster only, and so on. Interrupted,\n" +
			"it writes a checkpoint; --resume goes on from there.",
		Flags: slices.Concat(f.pairs.flags(), f.weights.flags(pretrainedUsage, modelUsage+", and without --pretrained"), f.flags(), f.lockFlags(), f.machine.flags()),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.run(c.Context, s)
		},
	}
}

func (f *finetune) flags() []cli.Flag {
	t := &f.cfg.Train
	return []cli.Flag{
		&cli.StringFlag{Name: "out", Usage: "run `FOLDER` to write", Destination: &f.out},
		&cli.BoolFlag{Name: "resume", Usage: "go on with the run in --out where it stopped", Destination: &f.resume},
		&cli.BoolFlag{Name: "allow-changes", Usage: "with --resume: go on even if pairs or settings are others than before; the log names them", Destination: &f.changes},
		&cli.IntFlag{Name: "stages", Usage: "models to train after the base model, N", Value: f.cfg.Stages, Destination: &f.cfg.Stages},
		&cli.IntFlag{Name: "clusters", Usage: "clusters of each stage, K; K^N may be at most pairs x groups / batch", Value: f.cfg.Clusters, Destination: &f.cfg.Clusters},
		&cli.StringFlag{Name: "cluster-on", Usage: "what is clustered: `image`, text, or both, which makes K x K clusters a stage", Value: f.cfg.ClusterOn, Destination: &f.cfg.ClusterOn},
		&cli.IntFlag{Name: "groups", Usage: "labels in a batch, G, each with batch/G pairs that see only one another (1: the paper's batch)", Value: t.Groups, Destination: &t.Groups},
		&cli.Float64Flag{Name: "hard-fraction", Usage: "share of a stage's batches that are made of such groups; the others are ordinary ones", Value: t.HardFraction, Destination: &t.HardFraction},
		&cli.BoolFlag{Name: "control", Usage: "also train as many models on ordinary batches, to compare with", Destination: &f.cfg.Control},
		&cli.StringFlag{Name: "init", Usage: "a stage starts from the `base` weights or from the previous stage's", Value: f.cfg.Init, Destination: &f.cfg.Init},
		&cli.StringFlag{Name: "negatives", Usage: "`cluster`, or random: every stage on ordinary batches", Value: f.cfg.Negatives, Destination: &f.cfg.Negatives},
		&cli.IntFlag{Name: "base-steps", Usage: "optimisation steps of the base model before the first stage", Destination: &f.cfg.Base.Steps},
		&cli.Float64Flag{Name: "base-lr", Usage: "peak learning rate of the base model", Value: 5e-4, Destination: &f.cfg.Base.LR},
		&cli.IntFlag{Name: "steps", Usage: "optimisation steps of each stage; 0 takes --epochs", Destination: &t.Steps},
		&cli.Float64Flag{Name: "epochs", Usage: "passes over the pairs in each stage", Value: 1, Destination: &f.epochs},
		&cli.IntFlag{Name: "batch-size", Usage: "pairs in one forward pass", Value: t.BatchSize, Destination: &t.BatchSize},
		&cli.IntFlag{Name: "accum-freq", Usage: "forward passes in one step; the loss is that of the whole batch", Value: t.AccumFreq, Destination: &t.AccumFreq},
		&cli.Float64Flag{Name: "lr", Usage: "peak learning rate of the stages", Value: t.LR, Destination: &t.LR},
		&cli.Float64Flag{Name: "wd", Usage: "weight decay", Value: t.WeightDecay, Destination: &t.WeightDecay},
		&cli.IntFlag{Name: "warmup", Usage: "steps of linear warm-up", Value: t.Warmup, Destination: &t.Warmup},
		&cli.StringFlag{Name: "lr-scheduler", Usage: "`cosine` or const", Value: t.Scheduler, Destination: &t.Scheduler},
		&cli.Float64Flag{Name: "grad-clip-norm", Usage: "largest norm of the gradient; 0 leaves it", Value: t.GradClip, Destination: &t.GradClip},
		&cli.StringFlag{Name: "precision", Usage: "`fp32` or amp_bf16", Value: t.Precision, Destination: &t.Precision},
		&cli.BoolFlag{Name: "grad-checkpointing", Usage: "compute the transformers' activations twice and keep none: less memory, a third more time, the same result", Destination: &t.GradCheckpointing},
		&cli.Float64Flag{Name: "aug-scale", Usage: "smallest share of an image's area that the random crop of training keeps; 1 does not crop", Value: f.cfg.AugScale, Destination: &f.cfg.AugScale},
		&cli.BoolFlag{Name: "exif", Usage: "turn images as their EXIF orientation says; open_clip does not", Destination: &f.exif},
		&cli.Int64Flag{Name: "buffer", Usage: "`MB` of pairs that wait in memory for their batch; what is over waits on disk", Value: 1024, Destination: &f.buffer},
		&cli.StringFlag{Name: "save-every", Usage: "steps (500), time (10m) or epoch, between checkpoints; several with commas", Value: "10m", Destination: &f.saveEvery},
		&cli.IntFlag{Name: "keep", Usage: "checkpoints of a model that stay", Value: t.Keep, Destination: &t.Keep},
		&cli.IntFlag{Name: "log-every-n-steps", Usage: "steps between lines of the log", Value: 50, Destination: &f.logEvery},
		&cli.Uint64Flag{Name: "seed", Usage: "of weights, order and clusters", Destination: &f.cfg.Seed},
	}
}

// run answers what can be answered cheaply first, then trains.
func (f *finetune) run(ctx context.Context, s streams) error {
	if err := f.check(); err != nil {
		return &exitError{codeUsage, err}
	}
	device, err := f.machine.apply()
	if err != nil {
		return err
	}
	source, err := f.pairs.open()
	if err != nil {
		return err
	}
	resolved, err := f.resolve(source)
	if err != nil {
		return err
	}
	if err := f.cfg.Check(source.Rows()); err != nil {
		return err
	}
	folder, err := mcl.OpenFolder(f.out, resolved, mcl.Entry{Resume: f.resume, AllowChanges: f.changes})
	if err != nil {
		return err
	}
	defer folder.Close()
	log, err := metrics.Open(metrics.Config{Dir: f.out, Resume: f.position(), Console: s.stderr, Every: f.logEvery})
	if err != nil {
		return err
	}
	defer log.Close()
	for _, change := range folder.Changes {
		log.Printf("--allow-changes: %s", change)
	}
	index, err := f.scan(ctx, source, log)
	if err != nil {
		return err
	}
	f.steps(index.Usable(), log)
	start := mcl.Start{Pretrained: f.weights.pretrained, Options: f.weights.options, EXIF: f.exif}
	if resolved.Model != nil {
		start.Model = *resolved.Model
	}
	run, err := mcl.NewRun(f.out, resolved.ModelName, f.cfg, start, index, log, device)
	if err != nil {
		return err
	}
	if err := run.Finish(ctx); err != nil {
		if errors.Is(err, train.ErrInterrupted) {
			return &exitError{codeInterrupted, err}
		}
		return err
	}
	if err := writeReport(ctx, f.out, ""); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "%s\n", filepath.Join(f.out, mcl.IntegratedFile))
	return skippedRows(index, filepath.Join(f.out, mcl.PairsDir)+" lists them")
}

// check validates the flags and fills in what they imply.
func (f *finetune) check() error {
	if err := require("out", f.out, "runs/first"); err != nil {
		return err
	}
	if err := f.weights.validate(); err != nil {
		return err
	}
	if f.weights.options.Model == "" && f.weights.pretrained == "" {
		return errors.New("--pretrained is missing (weights of a CLIP); or give --model and --base-steps to train from random weights")
	}
	if f.weights.pretrained == "" && f.cfg.Base.Steps == 0 {
		return errors.New("--base-steps is missing: without --pretrained the base model starts from random weights, and must be trained first")
	}
	switch {
	case !(f.epochs > 0 && f.epochs <= 1e5):
		return fmt.Errorf("--epochs %g: want more than 0 and at most 100000", f.epochs)
	case f.logEvery < 1:
		return fmt.Errorf("--log-every-n-steps %d: want at least 1", f.logEvery)
	case f.buffer < 1 || f.buffer > 1<<30:
		return fmt.Errorf("--buffer %d: want 1 to %d MB", f.buffer, 1<<30)
	}
	t := &f.cfg.Train
	if err := saveEvery(t, f.saveEvery); err != nil {
		return err
	}
	if f.changes && !f.resume {
		return errors.New("--allow-changes goes with --resume")
	}
	base := f.cfg.Base
	f.cfg.Base = *t
	f.cfg.Base.Steps, f.cfg.Base.LR, f.cfg.Base.Groups = base.Steps, base.LR, 1
	f.cfg.Workers, f.cfg.Buffer = f.machine.workers, f.buffer<<20
	whole := f.cfg
	whole.Train.Steps = max(whole.Train.Steps, 1)
	return whole.Validate()
}

// saveEvery reads when checkpoints are written.
func saveEvery(t *train.Config, text string) error {
	t.SaveEvery, t.SaveMinutes, t.SaveEpochs = 0, 0, false
	for _, part := range strings.Split(text, ",") {
		steps, notSteps := strconv.Atoi(part)
		span, notSpan := time.ParseDuration(part)
		switch {
		case part == "epoch":
			t.SaveEpochs = true
		case notSteps == nil && steps > 0:
			t.SaveEvery = steps
		case notSteps != nil && notSpan == nil && span > 0:
			t.SaveMinutes = span
		default:
			return fmt.Errorf("--save-every %q: want steps, such as 500, a time, such as 10m, or epoch; several with commas", text)
		}
	}
	return nil
}

// steps turns epochs into steps, now that the number of usable pairs is known.
func (f *finetune) steps(usable int64, log *metrics.Logger) {
	if f.cfg.Train.Steps == 0 {
		f.cfg.Train.Steps = max(1, int(f.epochs*float64(usable)/float64(f.cfg.Train.GlobalBatch())))
	}
	if t := f.cfg.Train; f.cfg.Stages > 0 && t.Warmup >= t.Steps {
		log.Printf("--warmup %d is not less than the %d steps of a stage: the peak rate --lr %g is never held", t.Warmup, t.Steps, t.LR)
	}
}

// resolve says what the run is, for config.json.
func (f *finetune) resolve(source *data.Source) (mcl.Resolved, error) {
	image, caption, _ := source.Columns()
	r := mcl.Resolved{
		Version: 1, Pairs: f.pairs.patterns, Data: source.Fingerprint(), ImageColumn: image, CaptionColumn: caption,
		ModelName: f.weights.options.Model, ImageSize: f.weights.options.ImageSize, EXIF: f.exif, Epochs: f.epochs, MCL: f.cfg,
	}
	if f.weights.pretrained == "" {
		cfg, err := f.weights.fresh()
		if err != nil {
			return r, err
		}
		r.Model = &cfg
		return r, f.checkLock(cfg)
	}
	found, err := f.weights.checkWithTexts()
	if err == nil {
		err = f.checkLock(found)
	}
	if err != nil {
		return r, err
	}
	if r.ModelName == "" {
		r.ModelName = filepath.Base(filepath.Clean(f.weights.pretrained))
	}
	r.Pretrained = f.weights.pretrained
	r.Weights, err = mcl.Identity(f.weights.pretrained)
	return r, err
}

// checkLock refuses locks that the image tower cannot have.
func (f *finetune) checkLock(c clip.Config) error {
	if err := c.CheckLock(f.cfg.Lock.ImageUnlockedGroups); err != nil {
		return &exitError{codeUsage, err}
	}
	return nil
}

// position is where a resumed run stands in its records; nil for a new run.
func (f *finetune) position() *metrics.Position {
	if !f.resume {
		return nil
	}
	p := mcl.PositionOf(f.out, f.cfg)
	return &p
}

// scan reads which rows can be used from the run folder, or looks at every pair once.
func (f *finetune) scan(ctx context.Context, source *data.Source, log *metrics.Logger) (*data.Index, error) {
	dir := filepath.Join(f.out, mcl.PairsDir)
	if _, err := os.Stat(dir); err == nil {
		return data.LoadIndex(dir, source)
	}
	index, err := scanPairs(ctx, source, f.machine.workers, log)
	if err != nil {
		return nil, err
	}
	return index, index.Save(dir)
}
