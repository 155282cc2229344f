package mcl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/fault"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/train/trace"
)

// Run is one folder in which models are made in stages.
type Run struct {
	heldOut *data.Index // nil: no held-out pairs

	cfg    Config
	name   string // of the model, for people
	dir    string
	device torch.Device
	start  Start
	index  *data.Index
	log    *metrics.Logger
	trace  *trace.Recorder
	told   string // what was last said about the trainable parameters

	samples   map[string]*sampled     // by phase; what its model makes of a sample
	heldOutBy map[string]heldOutKnown // by phase; what its model makes of the held-out pairs
}

// Start is what a run starts from: weights, or an architecture with random ones.
type Start struct {
	Pretrained string       // path of weights; "" for random weights
	Options    clip.Options // of those weights
	Model      clip.Config  // the architecture, where Pretrained is ""
	EXIF       bool         // turn images as their EXIF orientation says
	At         Place        // where a run that stopped goes on
}

// NewRun checks that the data suffice for the settings. Finish makes the models.
func NewRun(dir, name string, cfg Config, start Start, index *data.Index, log *metrics.Logger, device torch.Device) (*Run, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if start.Pretrained == "" && cfg.Base.Steps == 0 {
		return nil, errors.New("without --pretrained the base model starts from random weights: say how long to train it with --base-steps, or name weights")
	}
	if err := cfg.Check(index.Usable()); err != nil {
		return nil, err
	}
	return &Run{cfg: cfg, name: name, dir: dir, device: device, start: start, index: index, log: log}, nil
}

// UseTrace makes the run record where its time goes.
func (r *Run) UseTrace(t *trace.Recorder) { r.trace = t }

// Finish makes every model of the run that is not there yet, one after the other: the base model; for each stage the
// features of the stage before, their clusters, the joint labels, and the model trained with negatives of the anchor's own
// label; then the controls. It may be called again after an interruption and goes on where it stopped.
func (r *Run) Finish(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	list := phases(r.dir, r.cfg)
	unmeasured, err := r.unmeasured(list)
	if err != nil {
		return err
	}
	for _, p := range list {
		made := !p.done()
		if made {
			if err := r.make(ctx, p); err != nil {
				return interrupted(p, r.forget(p, err))
			}
		}
		if made || p.name == unmeasured {
			if err := r.tellFigures(ctx, p); err != nil {
				return interrupted(p, err)
			}
		}
		fault.Point("mcl.between")
		// Two thirds of them are moments that nothing needs any more.
		if err := dropCheckpoints(p); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(filepath.Join(r.dir, captionsDir)); err != nil {
		return err
	}
	fault.Point("mcl.integrate")
	return r.writeIntegrated(list)
}

// tellFigures records what a finished model is like. The last event tells that all are there.
func (r *Run) tellFigures(ctx context.Context, p phase) error {
	if err := r.tellHeldOut(ctx, p); err != nil {
		return err
	}
	return r.tellQuality(ctx, p)
}

// interrupted replaces the error of a computation that stopped because it was told to: what it had finished is on the disk.
// Whatever else goes wrong meanwhile, such as a checkpoint that does not fit on the disk, stays an error.
func interrupted(p phase, err error) error {
	if errors.Is(err, context.Canceled) {
		err = train.ErrInterrupted
	}
	if torch.OutOfMemory(err) && !strings.Contains(err.Error(), "--batch-size") { // not of a step, which knows better
		err = fmt.Errorf("%w; the model, its gradients and AdamW's moments take 16 bytes for each parameter that trains: lock a tower by --lock-image or --lock-text, or choose a smaller model", err)
	}
	return fmt.Errorf("%s: %w", p.name, err)
}

// make makes the model of one phase.
func (r *Run) make(ctx context.Context, p phase) error {
	defer r.trace.Begin(p.name)()
	if err := os.MkdirAll(p.dir, 0o777); err != nil {
		return err
	}
	if _, err := atomicfile.RemoveLeftovers(p.dir); err != nil { // of a run that was killed: features take much room
		return err
	}
	grouper, cfg, err := r.batches(ctx, p)
	if err != nil {
		return err
	}
	captions, err := r.captions(ctx, p)
	if err != nil {
		return err
	}
	defer captions.Close()
	model, pre, err := r.initial(p)
	if err != nil {
		return err
	}
	defer model.Close()
	if cfg.Steps > 0 {
		if err := r.train(ctx, p, model, pre, grouper, captions, cfg); err != nil {
			return err
		}
	}
	return model.Save(p.model(), pre)
}

// batches returns how the batches of a phase are composed and the settings of its training.
func (r *Run) batches(ctx context.Context, p phase) (data.Grouper, train.Config, error) {
	cfg := r.cfg.Train
	if p.stage == 0 {
		cfg = r.cfg.Base
	}
	if p.ordinary {
		cfg.Groups = 1
		return data.NewPlain(cfg.GlobalBatch(), r.index.Duplicates()), cfg, nil
	}
	grouper, err := r.group(ctx, p, cfg)
	return grouper, cfg, err
}

// initial returns the weights that a phase starts from, with the locks of the stages set.
func (r *Run) initial(p phase) (*clip.Model, clip.Preprocess, error) {
	if p.stage == 0 && r.start.Pretrained == "" {
		model, err := clip.New(r.start.Model, r.cfg.Seed, r.device)
		pre := clip.DefaultPreprocess(r.start.Model)
		pre.EXIF = r.start.EXIF
		return model, pre, err
	}
	from, options := r.start.Pretrained, r.start.Options
	if p.stage > 0 {
		options = clip.Options{}
		from = filepath.Join(r.dir, baseDir, modelDir)
	}
	if p.stage > 1 && r.cfg.Init == "previous" {
		from = p.previous().model()
	}
	model, pre, err := clip.LoadAs(from, options, r.device)
	pre.EXIF = pre.EXIF || r.start.EXIF
	if err != nil || p.stage == 0 {
		return model, pre, err
	}
	if err := r.prepare(p, model); err != nil {
		model.Close()
		return nil, pre, err
	}
	return model, pre, nil
}

// tellTrainable says how much of the model learns, once for all phases with the same locks.
func (r *Run) tellTrainable(p phase, model *clip.Model) {
	trained, kept := model.Summary()
	text := trained.String() + kept.String()
	if text == r.told {
		return
	}
	r.told = text
	images, texts := model.TrainableShares()
	if kept.Count == 0 {
		r.log.Printf("%s: trainable parameters: all, %d of the image tower and %d of the text tower", p.name, images.All, texts.All)
		return
	}
	r.log.Printf("%s: trainable parameters: %s of the image tower, %s of the text tower", p.name, images, texts)
	r.log.Printf("%s: parameters that train: %s", p.name, trained)
	r.log.Printf("%s: parameters that stay: %s", p.name, kept)
}

// train trains a model from its newest checkpoint, or from the start.
func (r *Run) train(ctx context.Context, p phase, model *clip.Model, pre clip.Preprocess, grouper data.Grouper, captions *CaptionFeatures, cfg train.Config) error {
	trainer, err := train.New(cfg, model, pre)
	if err != nil {
		return err
	}
	defer trainer.Close()
	trainer.UseTrace(r.trace)
	done, err := r.preserve(p, trainer, model, pre)
	if err != nil {
		return err
	}
	defer done()
	r.tellTrainable(p, model)
	batches, err := r.batchesOf(p)
	if err != nil {
		return err
	}
	if err := r.resume(p, trainer, batches); err != nil {
		return err
	}
	transform, err := TrainTransform(model.Config, pre, r.cfg.AugScale)
	if err != nil {
		return err
	}
	if captions != nil {
		trainer.UseTexts(captions)
		transform.Text = nil
	}
	loader := data.NewLoader(context.WithoutCancel(ctx), r.index, grouper, trainer.Cursor(), transform, r.loaderConfig(p))
	err = trainer.Run(ctx, loader, train.Phase{Name: p.name, Dir: p.checkpoints(), Log: r.log, Config: r.cfg, Batches: batches})
	loader.Close()
	r.tell(p, trainer.Done(), loader.Stats(), grouper)
	return err
}

// tell logs what the composition of batches left over, where it is worth a word.
func (r *Run) tell(p phase, done int, loaded data.LoaderStats, grouper data.Grouper) {
	if loaded.Wait >= time.Second || loaded.Spilled > 0 {
		r.log.Printf("%s: waited %.1f s for data, %d MB of pairs waited on disk", p.name, loaded.Wait.Seconds(), loaded.Spilled>>20)
	}
	if mixed, ok := grouper.(*Mixed); ok {
		grouper = mixed.hard
	}
	g, ok := grouper.(*Grouper)
	if !ok {
		return
	}
	s := g.Stats()
	var left []string
	if s.Repeats > 0 {
		left = append(left, fmt.Sprintf("%d of the %d blocks of the last epoch stood beside one of their own group", s.Repeats, s.Batches*int64(g.groups)))
	}
	if s.Together > 0 {
		left = append(left, counted(int(s.Together), "pair")+" of the last epoch met their own image or caption in another pair")
	}
	if s.Waiting > 0 {
		left = append(left, counted(int(s.Waiting), "pair")+" still waited for a block")
	}
	if len(left) > 0 {
		r.log.Printf("%s: %s", p.name, strings.Join(left, "; "))
	}
	if warning := repeatWarning(s, g.groups); warning != "" {
		// A failed write is told by the next event or step.
		_ = r.log.Event(metrics.Event{Name: WarningEvent, Phase: p.name, Step: done, Text: "warning: " + warning})
	}
}

// loaderConfig orders the data of a phase. The orders of all phases differ as long as the seeds of runs that are compared lie
// less than 500 apart: seed 1000's base has the order of seed 0's stage 1. A hash would end that, and change every documented
// figure.
func (r *Run) loaderConfig(p phase) data.LoaderConfig {
	seed := r.cfg.Seed + 1000*uint64(p.stage)
	if p.kind == "control" {
		seed += 500 // another order of the data than the stage of the same number
	}
	return data.LoaderConfig{Seed: seed, Workers: r.cfg.Workers, Buffer: r.cfg.Buffer, Prefetch: 4, TempDir: r.dir}
}
