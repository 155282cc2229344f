package vision

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// UnmarshalJSON reads a vision_cfg, in which layers is a number for a ViT and a list of four for a ResNet. Keys that are not
// there keep their value; keys it does not know are refused: they stand for other architectures.
func (c *Config) UnmarshalJSON(raw []byte) error {
	type plain Config // without this method
	parsed := struct {
		plain
		Layers json.RawMessage `json:"layers"` // hides the one in plain
	}{plain: plain(*c)}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	named := timmConfig{ImageSize: c.ImageSize, Pool: "avg", Projection: "linear"} // open_clip's defaults
	if json.Unmarshal(raw, &named) == nil && named.Model != "" {
		return c.readTimm(named, decoder)
	}
	if err := decoder.Decode(&parsed); err != nil {
		return err
	}
	*c = Config(parsed.plain)
	if bytes.HasPrefix(parsed.Layers, []byte("[")) {
		return c.readStages(parsed.Layers)
	}
	if len(parsed.Layers) == 0 {
		return nil
	}
	return json.Unmarshal(parsed.Layers, &c.Layers)
}

func (c *Config) readTimm(named timmConfig, decoder *json.Decoder) (err error) {
	if *c, err = named.config(); err != nil {
		return err
	}
	return decoder.Decode(&named) // refuses keys that it does not know
}

func (c *Config) readStages(raw []byte) error {
	var stages []int
	if err := json.Unmarshal(raw, &stages); err != nil {
		return err
	}
	if len(stages) != len(c.Stages) || [4]int(stages) == [4]int{} {
		return fmt.Errorf("layers %v: a ResNet has four stages with a block at least", stages)
	}
	c.Stages = [4]int(stages)
	c.Layers, c.PatchSize, c.MLPRatio = 0, 0, 0
	return nil
}

// MarshalJSON writes the vision_cfg as open_clip reads it.
func (c Config) MarshalJSON() ([]byte, error) {
	type plain Config // without this method
	if named, ok := c.timm(); ok {
		return json.Marshal(named)
	}
	if !c.ResNet() {
		return json.Marshal(plain(c))
	}
	return json.Marshal(struct {
		ImageSize int    `json:"image_size"`
		Layers    [4]int `json:"layers"`
		Width     int    `json:"width"`
		HeadWidth int    `json:"head_width"`
		PatchSize *int   `json:"patch_size"`
	}{c.ImageSize, c.Stages, c.Width, c.HeadWidth, nil})
}
