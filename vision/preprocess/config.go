package preprocess

import (
	"encoding/json"
	"fmt"
)

// Config says how images are made into pixels. Its JSON names are those of open_clip's preprocess_cfg; fields that
// open_clip does not know are left out where they have their default.
type Config struct {
	Size          int        `json:"size"`           // S; in JSON also [S, S]
	Mode          string     `json:"mode"`           // RGB
	Mean          [3]float32 `json:"mean"`           // of pixels in 0..1, by channel
	Std           [3]float32 `json:"std"`            // of pixels in 0..1, by channel
	Interpolation string     `json:"interpolation"`  // bicubic or bilinear; Train is always bicubic, as in open_clip
	ResizeMode    string     `json:"resize_mode"`    // shortest: crop; longest: pad; squash: change the aspect
	FillColor     int        `json:"fill_color"`     // of the padding of longest, 0..255
	EXIF          bool       `json:"exif,omitempty"` // turn the image as its EXIF orientation says; open_clip does not

	TrainScale float64 `json:"-"` // smallest share of the area that Train's random box has; 0.9 as in open_clip

	MaxPixels int `json:"-"` // W*H above this is refused before anything is decoded
	// HorizontalFirst keeps the order of passes that Pillow had before 13, which runs the vertical one first where
	// that is cheaper; the results then differ by up to 14 of 255.
	HorizontalFirst bool `json:"-"`
}

// DefaultConfig is the preprocessing of OpenAI's CLIP at side size, with a limit of 50 million pixels.
func DefaultConfig(size int) Config {
	return Config{
		Size:          size,
		Mode:          "RGB",
		Mean:          [3]float32{0.48145466, 0.4578275, 0.40821073},
		Std:           [3]float32{0.26862954, 0.26130258, 0.27577711},
		Interpolation: "bicubic",
		ResizeMode:    "shortest",
		TrainScale:    0.9,
		MaxPixels:     50_000_000,
	}
}

// Validate says what is wrong with c.
func (c Config) Validate() error {
	if c.Size < 1 || c.Size > 4096 {
		return fmt.Errorf("preprocess: size %d is not within 1..4096", c.Size)
	}
	if c.Mode != "RGB" {
		return fmt.Errorf("preprocess: mode %q is not supported; use RGB", c.Mode)
	}
	if _, ok := filters[c.Interpolation]; !ok {
		return fmt.Errorf("preprocess: interpolation %q is not supported; use bicubic or bilinear", c.Interpolation)
	}
	if _, ok := resizeModes[c.ResizeMode]; !ok {
		return fmt.Errorf("preprocess: resize_mode %q is not supported; use shortest, longest or squash", c.ResizeMode)
	}
	if !(c.TrainScale > 0 && c.TrainScale <= 1) {
		return fmt.Errorf("preprocess: train scale %v is not within 0..1", c.TrainScale)
	}
	if c.FillColor < 0 || c.FillColor > 255 {
		return fmt.Errorf("preprocess: fill_color %d is not within 0..255", c.FillColor)
	}
	for i, std := range c.Std {
		if !(std > 0) {
			return fmt.Errorf("preprocess: std[%d] is %v, not positive", i, std)
		}
	}
	if c.MaxPixels < 1 {
		return fmt.Errorf("preprocess: limit of %d pixels is not positive", c.MaxPixels)
	}
	return nil
}

// UnmarshalJSON reads open_clip's preprocess_cfg. What the text leaves out or gives as null stays as it is in c, so
// that DefaultConfig can be overlaid. The interpolation "random" is bicubic, as in open_clip.
func (c *Config) UnmarshalJSON(text []byte) error {
	type plain Config
	shadow := struct {
		*plain
		Size json.RawMessage `json:"size"`
	}{plain: (*plain)(c)}
	if err := json.Unmarshal(text, &shadow); err != nil {
		return fmt.Errorf("preprocess_cfg: %w", err)
	}
	if c.Interpolation == "random" {
		c.Interpolation = "bicubic"
	}
	return c.readSize(shadow.Size)
}

func (c *Config) readSize(text json.RawMessage) error {
	if len(text) == 0 || string(text) == "null" || json.Unmarshal(text, &c.Size) == nil {
		return nil
	}
	var sides []int
	if err := json.Unmarshal(text, &sides); err != nil || len(sides) == 0 || len(sides) > 2 || sides[0] != sides[len(sides)-1] {
		return fmt.Errorf("preprocess_cfg: size %s is not supported; only square images are", text)
	}
	c.Size = sides[0]
	return nil
}

// Table gives the normalised value of each pixel value by channel: (v/255 - mean) / std in float32, equal in every bit
// to torchvision's ToTensor and Normalize.
func (c Config) Table() *[3][256]float32 {
	var table [3][256]float32
	for channel := range table {
		for v := range table[channel] {
			table[channel][v] = (float32(v)/255 - c.Mean[channel]) / c.Std[channel]
		}
	}
	return &table
}

// Normalize writes the normalised values of pixels [N, 3, S, S] to dst of the same shape, for callers that do it on
// the host.
func (c Config) Normalize(dst []float32, pixels []uint8) error {
	plane := c.Size * c.Size
	if len(dst) != len(pixels) || len(pixels)%(3*plane) != 0 {
		return fmt.Errorf("normalize: %d pixels into %d values, want multiples of [3, %d, %d]", len(pixels), len(dst), c.Size, c.Size)
	}
	table := c.Table()
	for at := 0; at < len(pixels); at += plane {
		row := &table[at/plane%3]
		for i, v := range pixels[at : at+plane] {
			dst[at+i] = row[v]
		}
	}
	return nil
}
