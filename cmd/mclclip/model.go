package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/clip"
)

// weightsFlags name weights and say what they cannot tell.
type weightsFlags struct {
	pretrained string
	options    clip.Options
}

const (
	pretrainedUsage = "weights at `PATH`: a folder or file of open_clip or transformers (safetensors, .bin, .pt), a checkpoint, OpenAI's .pt"
	modelUsage      = "architecture `NAME`, or an open_clip configuration (.json); needed where the weights do not tell theirs"
)

// flags are the flags of a command; usage describes --pretrained and its --model.
func (f *weightsFlags) flags(pretrainedUsage, modelUsage string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "pretrained", Usage: pretrainedUsage, Destination: &f.pretrained},
		&cli.StringFlag{Name: "model", Usage: modelUsage, Destination: &f.options.Model},
		&cli.IntFlag{Name: "force-image-size", Usage: "side of the images in `PIXELS`, for which the position embeddings of a ViT are interpolated; 0: the weights' own", Destination: &f.options.ImageSize},
	}
}

// validate refuses flags that cannot be meant.
func (f *weightsFlags) validate() error {
	if f.options.ImageSize < 0 {
		return fmt.Errorf("--force-image-size %d: want a number of pixels, or 0", f.options.ImageSize)
	}
	if f.pretrained == "" && f.options.Model == "" && f.options.ImageSize > 0 {
		return errors.New("--force-image-size goes with --pretrained or --model")
	}
	return nil
}

// check reads what --pretrained is; --model, where it is given, must say the same.
func (f *weightsFlags) check() (clip.Config, error) {
	if f.options.Model != "" {
		if _, err := clip.Architecture(f.options.Model); err != nil {
			return clip.Config{}, usageErrorf("--model: %w", err)
		}
	}
	c, err := clip.Check(f.pretrained, f.options)
	if err != nil {
		return c, noWeights(f.pretrained, err)
	}
	return c, nil
}

// checkWithTexts is check for a command that embeds texts.
func (f *weightsFlags) checkWithTexts() (clip.Config, error) {
	c, err := f.check()
	if err != nil {
		return c, err
	}
	if err := c.Text.CheckTokenizer(); err != nil {
		return c, fmt.Errorf("--pretrained: %s: %w", f.pretrained, err)
	}
	return c, nil
}

// fresh is the architecture of a model without --pretrained.
func (f *weightsFlags) fresh() (clip.Config, error) {
	c, err := clip.Architecture(f.options.Model)
	if err != nil {
		return c, usageErrorf("--model: %w", err)
	}
	if f.options.ImageSize > 0 {
		c.Vision.ImageSize = f.options.ImageSize
	}
	if err := c.Validate(); err != nil {
		return c, usageErrorf("--force-image-size %d: %w", f.options.ImageSize, err)
	}
	if err := c.Text.CheckTokenizer(); err != nil {
		return c, usageErrorf("--model: %w", err)
	}
	return c, nil
}
