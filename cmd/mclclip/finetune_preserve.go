package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/clip"
)

// preserveFlags say what keeps the stages near the base model, beside the locks. The controls have the same.
func (f *finetune) preserveFlags() []cli.Flag {
	p := &f.cfg.Train.Preserve
	return []cli.Flag{
		&cli.Float64Flag{Name: "image-lr", Usage: "peak learning rate of the image tower in the stages; 0: --lr", Destination: &p.ImageLR},
		&cli.Float64Flag{Name: "text-lr", Usage: "peak learning rate of the text tower in the stages; 0: --lr", Destination: &p.TextLR},
		&cli.Float64Flag{Name: "image-layer-decay", Usage: "`FACTOR` of the learning rate from each layer of the image tower to the one before it (0.75); 0: none", Destination: &p.ImageLayerDecay},
		&cli.Float64Flag{Name: "text-layer-decay", Usage: "the same for the text tower", Destination: &p.TextLayerDecay},
		&cli.Float64Flag{Name: "ema", Usage: "a stage ends with the moving average of its weights, of this `DECAY` a step (0.999); 0: with the last weights", Destination: &p.EMA},
		&cli.Float64Flag{Name: "keep-base", Usage: "`WEIGHT` in the loss of the distance of the features from the base model's (1); 0: none", Destination: &p.KeepBase},
		&cli.IntFlag{Name: "lora-rank", Usage: "train matrices of this `RANK` beside the linear layers in place of the weights; they are merged at the end of a stage; 0: none", Destination: &p.LoRA.Rank},
		&cli.Float64Flag{Name: "lora-alpha", Usage: "the matrices' product counts `ALPHA`/rank; 0: 1", Destination: &p.LoRA.Alpha},
		&cli.StringFlag{Name: "lora-towers", Usage: "towers that learn by --lora-rank: image, text or both", Value: bothTowers, Destination: &p.LoRA.Towers},
	}
}

// bothTowers is the default of --lora-towers.
const bothTowers = "both"

// checkLoRA refuses flags that say nothing without --lora-rank.
func (f *finetune) checkLoRA() error {
	l := &f.cfg.Train.LoRA
	if l.Rank != 0 {
		return nil
	}
	if l.Alpha != 0 || l.Towers != bothTowers {
		return errors.New("--lora-alpha and --lora-towers go with --lora-rank")
	}
	*l = clip.LoRA{} // a setting that does nothing is none
	return nil
}
