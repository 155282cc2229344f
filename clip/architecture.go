package clip

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Architecture is a preset by its name, or an open_clip configuration by the path of a .json: a model_cfg, alone or in an
// open_clip_config.json.
func Architecture(model string) (c Config, err error) {
	if !strings.HasSuffix(model, ".json") {
		return Preset(model)
	}
	raw, err := os.ReadFile(model)
	if err != nil {
		return c, err
	}
	var folder folderConfig
	if json.Unmarshal(raw, &folder) == nil && len(folder.Model) > 0 {
		raw = folder.Model
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("%s: %w", model, err)
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("%s: %w", model, err)
	}
	return c, nil
}
