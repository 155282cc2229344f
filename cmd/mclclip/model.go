package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/mclclip/mclclip/clip"
)

// architecture is a preset by its name, or an open_clip configuration by its path.
func architecture(model string) (c clip.Config, err error) {
	if !strings.HasSuffix(model, ".json") {
		return clip.Preset(model)
	}
	raw, err := os.ReadFile(model)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("%s: %w", model, err)
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("%s: %w", model, err)
	}
	return c, nil
}

// checkPretrained reads what --pretrained is; --model, where it is given, must say the same.
func checkPretrained(pretrained, model string) (clip.Config, error) {
	found, err := clip.Check(pretrained)
	if err != nil {
		return found, fmt.Errorf("--pretrained: %w", err)
	}
	if model == "" {
		return found, nil
	}
	wanted, err := architecture(model)
	if err != nil {
		return found, usageErrorf("--model: %w", err)
	}
	if wanted != found {
		return found, fmt.Errorf("--model %s is not the architecture of --pretrained %s; leave --model out", model, pretrained)
	}
	return found, nil
}
