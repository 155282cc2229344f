package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
)

// finetune is everything that the command line of mclclip finetune says.
type finetune struct {
	program   string // see streams
	pairs     pairsFlags
	machine   machineFlags
	weights   weightsFlags
	out       string
	resume    resumeMode
	changes   bool // --allow-changes
	epochs    float64
	buffer    int64 // MB
	saveEvery string
	logEvery  int
	exif      bool
	profile   string
	heldOut   list
	held      *data.Source // by heldOut; nil where there is none
	cfg       mcl.Config
}

func finetuneCommand(s streams) *cli.Command {
	f := &finetune{program: s.program, cfg: mcl.DefaultConfig()}
	return &cli.Command{
		Name:  "finetune",
		Usage: "train a CLIP model in stages, each on negatives that the stages before find alike",
		Description: "Starts from --pretrained weights (or trains a --model from random weights for --base-steps), clusters the images with\n" +
			"the newest model, trains the next stage with negatives from the anchor's own cluster only, and so on. Interrupted,\n" +
			"it writes a checkpoint; the same command with --resume goes on from there, and --resume latest suits a script that starts\n" +
			"the same command until it is done: it begins the run where there is none. Of several captions of a pair each epoch\n" +
			"draws one; texts are clustered by the first.",
		Flags: slices.Concat(f.pairs.flags(), f.weights.flags(pretrainedUsage, modelUsage+", and without --pretrained"), f.flags(),
			f.lockFlags(), f.preserveFlags(), f.heldOutFlags(), f.machine.flags()),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.run(c.Context, s)
		},
	}
}

// run answers what can be answered cheaply first, then trains.
func (f *finetune) run(ctx context.Context, s streams) error {
	began := time.Now()
	if err := f.check(); err != nil {
		return &exitError{codeUsage, err}
	}
	nothing := nothingToResume(f.out)
	if f.resume == goOn && nothing != "" {
		return fmt.Errorf("--resume: %s; correct --out, or drop --resume to start a new run", nothing)
	}
	device, err := f.machine.apply()
	if err != nil {
		return err
	}
	source, err := f.open()
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
	folder, err := mcl.OpenFolder(f.out, resolved, mcl.Entry{Resume: f.resume != startNew, AllowChanges: f.changes})
	if err != nil {
		return err
	}
	defer folder.Close()
	at := f.position()
	log, err := metrics.Open(metrics.Config{Dir: f.out, Resume: at.Position(), Console: s.stderr, Every: f.logEvery})
	if err != nil {
		return err
	}
	defer log.Close()
	defer context.AfterFunc(ctx, func() {
		log.Printf("interrupted: the step at hand ends and what was done is saved; interrupt again to end at once")
	})()
	for _, change := range folder.Changes {
		log.Printf("--allow-changes: %s", change)
	}
	if f.resume == goOnOrStart && nothing != "" {
		log.Printf("--resume latest: %s; a new run starts there", nothing)
	}
	index, err := f.scan(ctx, source, log)
	if err != nil {
		return err
	}
	said := "nothing left to do: every model of the run is there"
	if !f.finished(at) {
		if err := f.train(ctx, source, index, resolved, at, log, device); err != nil {
			return err
		}
		said = "done after " + time.Since(began).Round(time.Second).String()
	}
	f.tellEnd(log, said)
	fmt.Fprintf(s.stdout, "%s\n", filepath.Join(f.out, mcl.IntegratedFile))
	return skippedRows(index, filepath.Join(f.out, mcl.PairsDir)+" lists them")
}

// train makes the models that are not there yet, and the report.
func (f *finetune) train(ctx context.Context, source *data.Source, index *data.Index, resolved mcl.Resolved, at mcl.Place, log *metrics.Logger, device torch.Device) error {
	f.steps(index.Usable(), log)
	spareMemory(source.Rows())
	if source.CaptionLists() {
		log.Printf("the caption column %s holds lists: each epoch draws one caption of a pair by --seed; texts are clustered by the first", resolved.CaptionColumn)
	}
	if images, captions := index.Duplicates().Count(); images+captions > 0 {
		log.Printf("%d pairs have an image and %d a caption that another pair has: they are kept apart in batches (%s)", images, captions,
			filepath.Join(f.out, mcl.PairsDir, "duplicates.csv"))
	}
	start := mcl.Start{Pretrained: f.weights.pretrained, Options: f.weights.options, EXIF: f.exif, At: at}
	if resolved.Model != nil {
		start.Model = *resolved.Model
	}
	run, err := mcl.NewRun(f.out, resolved.ModelName, f.cfg, start, index, log, device)
	if err != nil {
		return err
	}
	if err := f.holdOut(ctx, run, log); err != nil {
		return err
	}
	if err := f.traced(ctx, run, log); err != nil {
		if errors.Is(err, train.ErrInterrupted) {
			return &exitError{codeInterrupted, err}
		}
		return err
	}
	return writeReport(ctx, f.out, "")
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
	case f.profile != "" && !isFolder(filepath.Dir(f.profile)):
		return fmt.Errorf("--profile %s: there is no folder %s; make it first", f.profile, filepath.Dir(f.profile))
	case f.logEvery < 1:
		return fmt.Errorf("--log-every-n-steps %d: want at least 1", f.logEvery)
	case f.buffer < 1 || f.buffer > 1<<30:
		return fmt.Errorf("--buffer %d: want 1 to %d MB", f.buffer, 1<<30)
	}
	t := &f.cfg.Train
	if err := saveEvery(t, f.saveEvery); err != nil {
		return err
	}
	if f.changes && f.resume == startNew {
		return errors.New("--allow-changes goes with --resume")
	}
	for _, check := range []func() error{f.checkHeldOut, f.checkLoRA} {
		if err := check(); err != nil {
			return err
		}
	}
	base := f.cfg.Base
	f.cfg.Base = *t
	f.cfg.Base.Steps, f.cfg.Base.LR, f.cfg.Base.Groups, f.cfg.Base.Preserve = base.Steps, base.LR, 1, train.Preserve{}
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
	tell := func(t train.Config, what, stepsFlag, rateFlag string) {
		if t.Steps > 0 && t.Warmup >= t.Steps {
			log.Printf("warning: the warm-up of --warmup %d steps is longer than the %d steps of %s: the peak rate %s %g is never reached; lower --warmup or raise %s",
				t.Warmup, t.Steps, what, rateFlag, t.LR, stepsFlag)
		}
	}
	tell(f.cfg.Base, "the base model", "--base-steps", "--base-lr")
	if f.cfg.Stages > 0 {
		tell(f.cfg.Train, "a stage", "--steps", "--lr")
	}
}

// resolve says what the run is, for config.json.
func (f *finetune) resolve(source *data.Source) (mcl.Resolved, error) {
	image, caption, _ := source.Columns()
	r := mcl.Resolved{
		Version: 1, Pairs: f.pairs.patterns, Data: source.Fingerprint(), ImageColumn: image, CaptionColumn: caption,
		ModelName: f.weights.options.Model, ImageSize: f.weights.options.ImageSize, EXIF: f.exif, Epochs: f.epochs, MCL: f.cfg,
	}
	if f.held != nil {
		r.HeldOut = f.held.Fingerprint()
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
		r.ModelName = nameOfWeights(f.weights.pretrained, found)
	}
	r.Pretrained = f.weights.pretrained
	r.Weights, err = mcl.Identity(f.weights.pretrained)
	return r, err
}

// checkLock refuses locks that the towers cannot have.
func (f *finetune) checkLock(c clip.Config) error {
	for _, err := range []error{c.CheckLock(f.cfg.Lock.ImageUnlockedGroups), c.CheckTextLock(f.cfg.Lock.TextUnlockedLayers), c.CheckLoRA(f.cfg.Train.LoRA)} {
		if err != nil {
			return &exitError{codeUsage, err}
		}
	}
	return nil
}

// position is where a resumed run goes on.
func (f *finetune) position() mcl.Place {
	if f.resume == startNew {
		return mcl.Place{}
	}
	return mcl.PlaceOf(f.out, f.cfg)
}

// scan says which of the pairs can be used.
func (f *finetune) scan(ctx context.Context, source *data.Source, log *metrics.Logger) (*data.Index, error) {
	return f.index(ctx, source, filepath.Join(f.out, mcl.PairsDir), log)
}
