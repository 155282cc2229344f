package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train/metrics"
)

// heldOutFlags name pairs that no model trains on, and what they decide.
func (f *finetune) heldOutFlags() []cli.Flag {
	p := &f.cfg.Train.Preserve
	return []cli.Flag{
		&cli.GenericFlag{Name: "val-pairs", Usage: "held-out pairs, as --pairs: the stages are evaluated on them; may be repeated", Value: &f.heldOut},
		&cli.IntFlag{Name: "val-every", Usage: "with --val-pairs: `STEPS` between evaluations", Value: 100, Destination: &p.ValEvery},
		&cli.IntFlag{Name: "early-stop", Usage: "with --val-pairs: end a stage after `N` evaluations without a lower loss, with the weights of the lowest; 0: train all steps", Destination: &p.EarlyStop},
	}
}

// checkHeldOut refuses flags that say nothing without held-out pairs.
func (f *finetune) checkHeldOut() error {
	p := &f.cfg.Train.Preserve
	switch {
	case len(f.heldOut) == 0 && p.EarlyStop > 0:
		return errors.New("--early-stop goes with --val-pairs, the pairs that decide")
	case len(f.heldOut) > 0 && p.ValEvery < 1:
		return fmt.Errorf("--val-every %d: want at least 1 step", p.ValEvery)
	case len(f.heldOut) == 0:
		p.ValEvery = 0
	}
	return nil
}

// open opens the pairs, and the held-out ones, where there are any.
func (f *finetune) open() (*data.Source, error) {
	pairs, err := f.pairs.open()
	if err != nil || len(f.heldOut) == 0 {
		return pairs, err
	}
	if f.held, err = data.Open(f.heldOut, f.pairs.options); err != nil {
		return nil, fmt.Errorf("--val-pairs: %w", err)
	}
	if f.held.Fingerprint() == pairs.Fingerprint() {
		return nil, errors.New("--val-pairs are the pairs of --pairs; name shards that are not trained on")
	}
	return pairs, nil
}

// index reads which rows can be used from a folder of the run, or looks at every pair once.
func (f *finetune) index(ctx context.Context, source *data.Source, dir string, log *metrics.Logger) (*data.Index, error) {
	if _, err := os.Stat(dir); err == nil {
		return data.LoadIndex(dir, source)
	}
	index, err := scanPairs(ctx, source, f.machine.workers, log)
	if err != nil {
		return nil, err
	}
	return index, index.Save(dir)
}

// holdOut gives the run its held-out pairs, if there are any.
func (f *finetune) holdOut(ctx context.Context, run *mcl.Run, log *metrics.Logger) error {
	if f.held == nil {
		return nil
	}
	dir := filepath.Join(f.out, mcl.HeldOutDir)
	index, err := f.index(ctx, f.held, dir, log)
	if err != nil {
		return err
	}
	if skipped := f.held.Rows() - index.Usable(); skipped > 0 {
		log.Printf("--val-pairs: %d of %d rows cannot be used (%s); %s lists them", skipped, f.held.Rows(), reasons(index.Counts()), dir)
	}
	if images, captions := index.Duplicates().Count(); images+captions > 0 {
		log.Printf("--val-pairs: %d pairs have an image and %d a caption that another pair has; recall counts the pair's own alone, so it cannot reach 100 %%", images, captions)
	}
	return run.HoldOut(index)
}
