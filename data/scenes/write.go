package scenes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/atomicfile"
)

// What Write puts into its folder.
const (
	TrainPrefix     = "train"    // shards train-00000-of-*.parquet
	HeldOutFolder   = "held-out" // with the shards heldout-00000-of-*.parquet, apart, so that --pairs FOLDER misses them
	HeldOutPrefix   = "heldout"
	BenchmarkFolder = "benchmark" // in the layout of MMVP-VLM
	ConfigFile      = "config.json"
	PairsFile       = "pairs.jsonl" // in the benchmark folder: what the two images of each pair show, parameter by parameter
)

// extraColumns of the shards: what the first object of a scene is, so that clusters and features can be held against it.
var extraColumns = []string{"attribute", "color", "texture", "figure", "code"}

// Summary says what was written.
type Summary struct {
	Train   int64          `json:"train"`    // rows
	HeldOut int64          `json:"held_out"` // rows
	Pairs   map[string]int `json:"pairs"`    // of the benchmark, by pattern
}

// Write makes the folder dir, which must be missing or empty, from the config: shards for training, shards of held-out
// combinations, and a benchmark of held-out pairs. The folder appears whole or not at all.
func Write(ctx context.Context, dir string, c Config) (Summary, error) {
	var sum Summary
	if err := c.Validate(); err != nil {
		return sum, fmt.Errorf("scenes: %w", err)
	}
	split := newSplit(c)
	err := atomicfile.WriteDir(dir, func(tmp string) (err error) {
		if sum.Train, err = writeShards(ctx, tmp, TrainPrefix, streamTrain, c.Pairs, c, split); err != nil {
			return err
		}
		if sum.HeldOut, err = writeShards(ctx, filepath.Join(tmp, HeldOutFolder), HeldOutPrefix, streamHeldOut, c.HeldOut, c, split); err != nil {
			return err
		}
		if sum.Pairs, err = writeBenchmark(ctx, filepath.Join(tmp, BenchmarkFolder), c, split); err != nil {
			return err
		}
		return writeJSON(filepath.Join(tmp, ConfigFile), c)
	})
	return sum, err
}

func writeJSON(path string, value any) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	})
}

// chunk is the number of rows drawn at a time, by all cores.
const chunk = 1024

// writeShards writes n rows of one stream; none at all when n is 0.
func writeShards(ctx context.Context, dir, prefix string, stream, n int, c Config, s *split) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	w, err := data.NewWriter(dir, prefix, data.WriterOptions{RowsPerShard: c.RowsPerShard, Extra: extraColumns})
	if err != nil {
		return 0, err
	}
	defer w.Abort()
	attributes := c.trainAttributes()
	before := 0 // rows of the streams that come first
	if stream == streamHeldOut {
		before = c.Pairs
	}
	for first := 0; first < n; first += chunk {
		rows := make([]data.WriterRow, min(chunk, n-first))
		if err := drawAll(ctx, len(rows), func(i int) (err error) {
			rows[i], err = row(newGenerator(c, s, stream, first+i), attributes, fmt.Sprintf("%s-%08d", prefix, first+i))
			return err
		}); err != nil {
			return 0, err
		}
		for _, r := range rows {
			if err := w.Write(r); err != nil {
				return 0, err
			}
		}
		if c.Progress != nil {
			c.Progress(int64(before+first+len(rows)), int64(c.Pairs+c.HeldOut))
		}
	}
	return w.Rows(), w.Close()
}

// drawAll calls draw for 0..n-1 on all cores.
func drawAll(ctx context.Context, n int, draw func(i int) error) error {
	workers := min(n, runtime.GOMAXPROCS(0))
	group, ctx := errgroup.WithContext(ctx)
	for worker := range workers {
		group.Go(func() error {
			for i := worker; i < n; i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := draw(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// trainAttributes are what the training captions speak of: a pattern's attributes share its part. In the triple mode the
// caption is the same whatever the attribute.
func (c Config) trainAttributes() [][]attribute {
	var groups [][]attribute
	all := sceneAttributes
	if c.Mode == ModeTriple {
		all = tripleAttributes[:1]
	}
	for _, pattern := range c.modePatterns() {
		var group []attribute
		for _, a := range all {
			if a.pattern == pattern && (c.Mode == ModeTriple || contains(c.patterns(), pattern)) {
				group = append(group, a)
			}
		}
		if len(group) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// row draws one training pair.
func row(g *generator, groups [][]attribute, key string) (data.WriterRow, error) {
	group := groups[g.rng.IntN(len(groups))]
	s := g.scene(group[g.rng.IntN(len(group))])
	image, err := Encode(Draw(s, g.config.Size))
	if err != nil {
		return data.WriterRow{}, fmt.Errorf("scene %s: %w", key, err)
	}
	o := s.Objects[0]
	extra := map[string]string{
		"color": colorNames[o.Color], "texture": textureNames[o.Texture], "figure": figureNames[o.Figure],
	}
	if s.CodeBits > 0 {
		extra["code"] = s.digits()
	}
	if !s.Triple {
		extra["attribute"] = s.Attribute
	}
	return data.WriterRow{Image: image, Caption: g.config.caption(s), Key: key, Extra: extra}, nil
}

// Pair is a benchmark pair as PairsFile tells it.
type Pair struct {
	Questions [2]int   `json:"questions"` // their ids
	Pattern   string   `json:"pattern"`
	Attribute string   `json:"attribute"` // the only respect in which the scenes differ
	Scenes    [2]Scene `json:"scenes"`
}

// pairs draws the benchmark: every pattern's pairs take its attributes in turn.
func pairs(c Config, s *split) ([]Pair, error) {
	var all []Pair
	for p, pattern := range c.patterns() {
		var group []attribute
		for _, a := range c.attributes() {
			if a.pattern == pattern {
				group = append(group, a)
			}
		}
		if len(group) == 0 { // a single colour: nothing can differ in it
			continue
		}
		for i := range c.PairsPerPattern {
			a := group[i%len(group)]
			first, second, err := newGenerator(c, s, streamBenchmark, p<<32+i).pair(a)
			if err != nil {
				return nil, err
			}
			id := 2*len(all) + 1
			all = append(all, Pair{[2]int{id, id + 1}, pattern, a.name, [2]Scene{first, second}})
		}
	}
	return all, nil
}

func writeBenchmark(ctx context.Context, dir string, c Config, s *split) (map[string]int, error) {
	if c.PairsPerPattern == 0 {
		return map[string]int{}, nil
	}
	all, err := pairs(c, s)
	if err != nil {
		return nil, err
	}
	items, counts := make([]mmvp.Item, len(all)), map[string]int{}
	for i, p := range all {
		items[i].Pattern = p.Pattern
		counts[p.Pattern]++
		for k, scene := range p.Scenes {
			items[i].Statements[k] = Statement(scene)
			if items[i].Images[k], err = Encode(Draw(scene, c.Size)); err != nil {
				return nil, fmt.Errorf("question %d: %w", p.Questions[k], err)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := mmvp.Write(dir, items); err != nil {
		return nil, err
	}
	return counts, atomicfile.WriteFile(filepath.Join(dir, PairsFile), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		for _, p := range all {
			if err := encoder.Encode(p); err != nil {
				return err
			}
		}
		return nil
	})
}
