package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
)

// allStages is the --stage of every model.
const allStages = "all"

// weightFormats are the libraries for which weights are written, by --format.
var weightFormats = map[string]clip.Formats{
	"":          {OpenClip: true, HuggingFace: true},
	"both":      {OpenClip: true, HuggingFace: true},
	"open_clip": {OpenClip: true},
	"hf":        {HuggingFace: true},
}

// exported is a model to write.
type exported struct{ name, path string }

// doWeights writes one model, or a folder of each; where that fails there is no folder.
func (f *export) doWeights(ctx context.Context, s streams) error {
	if err := f.checkWeights(); err != nil {
		return &exitError{codeUsage, err}
	}
	models, err := f.models()
	if err != nil {
		return err
	}
	formats := weightFormats[f.format]
	for _, m := range models {
		config, err := clip.Check(m.path, f.source.options)
		if err != nil {
			return err
		}
		if err := formats.CheckExport(config); err != nil {
			return usageErrorf("--format: %s: %w", m.name, err)
		}
	}
	if f.source.pretrained != "" || f.stage != allStages {
		err = f.writeModel(models[0], f.out, formats)
	} else {
		err = atomicfile.WriteDir(f.out, func(tmp string) error {
			for _, m := range models {
				if err := errors.Join(ctx.Err(), f.writeModel(m, filepath.Join(tmp, m.name), formats)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	fmt.Fprintln(s.stdout, f.out)
	return nil
}

func (f *export) checkWeights() error {
	if err := require("out", f.out, "models"); err != nil {
		return err
	}
	if (f.run == "") == (f.source.pretrained == "") {
		return errors.New("give either --run, a folder of finetune, or --pretrained, the weights of a CLIP")
	}
	if _, ok := weightFormats[f.format]; !ok {
		return fmt.Errorf("--format %q: of weights want open_clip, hf or both", f.format)
	}
	switch {
	case len(f.pairs.patterns) > 0:
		return errors.New("--pairs goes with embeddings, not with --weights")
	case f.stages != "":
		return fmt.Errorf("--stages goes with embeddings; one model's weights are chosen by --stage %s", f.stages)
	case f.run != "" && f.source.options != (clip.Options{}):
		return errors.New("--model and --force-image-size go with --pretrained, the weights that they are of")
	case f.source.pretrained != "" && f.stage != allStages:
		return errors.New("--stage goes with --run; --pretrained is one model")
	}
	return f.source.validate()
}

// models lists what is to be written: a run's base model, stages and controls, or one of them, or --pretrained.
func (f *export) models() ([]exported, error) {
	if f.source.pretrained != "" {
		_, err := f.source.check()
		return []exported{{f.source.pretrained, f.source.pretrained}}, err
	}
	integrated, err := mcl.ReadIntegrated(f.run)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	members := append(slices.Clone(integrated.Stages), integrated.Control...)
	var models []exported
	for _, m := range members {
		model := exported{m.Name, filepath.Join(f.run, m.Dir)}
		if (f.stage == allStages || f.stage == m.Name) && !slices.Contains(models, model) { // the base is a control as well
			models = append(models, model)
		}
	}
	if len(models) == 0 {
		return nil, usageErrorf("--stage: %s has no model %q; it has %s", f.run, f.stage, names(members))
	}
	return models, nil
}

func (f *export) writeModel(m exported, dir string, formats clip.Formats) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	model, pre, err := clip.LoadAs(m.path, f.source.options, torch.CPU)
	if err != nil {
		return err
	}
	defer model.Close()
	return model.Export(dir, pre, formats)
}
