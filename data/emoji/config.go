package emoji

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Sources of drawings.
const (
	Google   = "google"
	Twitter  = "twitter"
	OpenMoji = "openmoji"
)

// Sources lists the sources; the packages of all three must be there, whichever are used: names come from openmoji's,
// the table of emoji from google's.
var Sources = []string{Google, Twitter, OpenMoji}

// Config says what is written. The files depend on it and on the packages alone.
type Config struct {
	Packages        string   `json:"-"`       // folder with the unpacked packages; DefaultPackages if empty
	Sources         []string `json:"sources"` // some of Sources
	Seed            uint64   `json:"seed"`    // of the split
	HeldOutPercent  int      `json:"held_out_percent"`
	PairsPerPattern int      `json:"pairs_per_pattern"`
	Tags            int      `json:"tags"`           // words after the name in a caption, at most
	Prefix          string   `json:"caption_prefix"` // before every caption; the benchmark's harness puts its own before statements
	RowsPerShard    int      `json:"rows_per_shard"`

	Progress func(done, total int64) `json:"-"` // drawings rendered; may be nil
}

// DefaultConfig uses all sources and holds out a fifth of the bases, besides those of the listed pairs.
func DefaultConfig() Config {
	return Config{Sources: slices.Clone(Sources), HeldOutPercent: 20, PairsPerPattern: 15, Tags: 3, Prefix: "a photo of ", RowsPerShard: 10_000}
}

// Validate returns an error that names the field and what it may be.
func (c Config) Validate() error {
	if len(c.Sources) == 0 {
		return fmt.Errorf("no sources: want some of %q", Sources)
	}
	for i, s := range c.Sources {
		if !slices.Contains(Sources, s) || slices.Contains(c.Sources[:i], s) {
			return fmt.Errorf("source %q: unknown or given twice; want some of %q", s, Sources)
		}
	}
	for _, f := range []struct {
		name            string
		value, low, top int
	}{
		{"held-out percent", c.HeldOutPercent, 0, 90},
		{"pairs per pattern", c.PairsPerPattern, 0, 1000},
		{"tags", c.Tags, 0, 50},
		{"rows per shard", c.RowsPerShard, 1, 1 << 30},
	} {
		if f.value < f.low || f.value > f.top {
			return fmt.Errorf("%s %d: want %d to %d", f.name, f.value, f.low, f.top)
		}
	}
	return nil
}

// DefaultPackages is where scripts/emoji.py puts the packages.
func DefaultPackages() (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "mclclip", "emoji"), nil
}
