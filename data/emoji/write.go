package emoji

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/atomicfile"
)

// What Write puts into its folder.
const (
	TrainPrefix     = "train"
	HeldOutFolder   = "held-out" // apart from the training shards, so that --pairs FOLDER misses them
	HeldOutPrefix   = "heldout"
	BenchmarkFolder = "benchmark"
	LicensesFile    = "LICENSES.txt"
	ConfigFile      = "config.json"
	PairsFile       = "pairs.jsonl" // in the benchmark folder: attribute, source and codes of each pair
)

var extraColumns = []string{"source", "license", "base", "group"}

// Summary says what was written.
type Summary struct {
	Train     int64          `json:"train"`    // rows
	HeldOut   int64          `json:"held_out"` // rows
	Bases     [2]int         `json:"bases"`    // for training, held out
	Pairs     map[string]int `json:"pairs"`    // of the benchmark, by pattern
	Short     []string       `json:"short"`    // patterns with fewer pairs than asked for
	Unchanged int            `json:"alike"`    // candidates for the benchmark left out because a source draws both emoji almost alike
	Skipped   []string       `json:"skipped"`  // drawings that could not be used, and why
}

// writer is the state of one run.
type writer struct {
	config Config
	table  *table
	listed []candidate
	forced map[string]bool // bases of the listed pairs
	sum    Summary
	done   int64 // drawings rendered for the shards
	all    int64
}

// Write makes the folder dir, which must be missing or empty: shards for training, shards of held-out emoji, a benchmark
// of held-out pairs, and LICENSES.txt. The folder appears whole or not at all.
func Write(ctx context.Context, dir string, c Config) (Summary, error) {
	if err := c.Validate(); err != nil {
		return Summary{}, fmt.Errorf("emoji: %w", err)
	}
	if c.Packages == "" {
		var err error
		if c.Packages, err = DefaultPackages(); err != nil {
			return Summary{}, fmt.Errorf("emoji: %w", err)
		}
	}
	w, err := newWriter(c)
	if err != nil {
		return Summary{}, fmt.Errorf("emoji: %w", err)
	}
	defer w.table.close()
	err = atomicfile.WriteDir(dir, func(tmp string) error { return w.write(ctx, tmp) })
	return w.sum, err
}

func newWriter(c Config) (*writer, error) {
	listed, err := readPairs()
	if err != nil {
		return nil, err
	}
	t, err := openTable(c.Packages)
	if err != nil {
		return nil, err
	}
	return &writer{config: c, table: t, listed: listed, forced: heldOutBases(listed)}, nil
}

func (w *writer) write(ctx context.Context, dir string) error {
	var sides [2][]drawing // training, held out
	var bases [2]map[string]bool
	for i := range bases {
		bases[i] = map[string]bool{}
	}
	for _, g := range w.table.glyphs {
		side := 0
		if w.heldOut(g.base) {
			side = 1
		}
		for _, source := range w.config.Sources {
			if name, ok := g.images[source]; ok {
				sides[side] = append(sides[side], drawing{g, source, name})
				bases[side][g.base] = true
			}
		}
	}
	w.all = int64(len(sides[0]) + len(sides[1]))
	w.sum.Bases = [2]int{len(bases[0]), len(bases[1])}
	var err error
	if w.sum.Train, err = w.writeShards(ctx, dir, TrainPrefix, sides[0]); err != nil {
		return err
	}
	if w.sum.HeldOut, err = w.writeShards(ctx, filepath.Join(dir, HeldOutFolder), HeldOutPrefix, sides[1]); err != nil {
		return err
	}
	if err := w.writeBenchmark(ctx, filepath.Join(dir, BenchmarkFolder)); err != nil {
		return err
	}
	err = atomicfile.WriteFile(filepath.Join(dir, LicensesFile), func(out io.Writer) error {
		return w.table.writeLicenses(out, w.config.Sources)
	})
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(dir, ConfigFile), func(out io.Writer) error {
		table := json.NewEncoder(out)
		table.SetIndent("", "  ")
		return table.Encode(w.config)
	})
}

// heldOut says on which side of the split a base is: the listed pairs' and a share chosen by a hash are held out.
func (w *writer) heldOut(base string) bool {
	return w.forced[base] || hash(w.config.Seed, base)%100 < uint64(w.config.HeldOutPercent)
}

func hash(seed uint64, text string) uint64 {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64([]byte(text), seed))
	return binary.LittleEndian.Uint64(sum[:])
}

// drawing is one emoji in one source.
type drawing struct {
	glyph
	source, file string
}

func (d drawing) key() string { return d.source + "/" + d.code }

// chunk is the number of drawings rendered at a time, by all cores.
const chunk = 512

// writeShards writes drawings in shuffled order, so that neighbours in a batch are no relatives.
func (w *writer) writeShards(ctx context.Context, dir, prefix string, all []drawing) (int64, error) {
	rng := rand.New(rand.NewPCG(w.config.Seed, hash(w.config.Seed, prefix)))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	shards, err := data.NewWriter(dir, prefix, data.WriterOptions{RowsPerShard: w.config.RowsPerShard, Extra: extraColumns})
	if err != nil {
		return 0, err
	}
	defer shards.Abort()
	for first := 0; first < len(all); first += chunk {
		part := all[first:min(len(all), first+chunk)]
		images, problems := w.renderAll(part)
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		for i, d := range part {
			if problems[i] != nil {
				w.sum.Skipped = append(w.sum.Skipped, problems[i].Error())
				continue
			}
			if err := shards.Write(w.row(d, images[i])); err != nil {
				return 0, err
			}
		}
		if w.done += int64(len(part)); w.config.Progress != nil {
			w.config.Progress(w.done, w.all)
		}
	}
	return shards.Rows(), shards.Close()
}

func (w *writer) row(d drawing, image []byte) data.WriterRow {
	return data.WriterRow{
		Image: image, Caption: w.config.caption(d.glyph), Key: d.key(),
		Extra: map[string]string{"source": d.source, "license": packages[d.source].license, "base": d.base, "group": d.group},
	}
}

// renderAll renders drawings on all cores; each has an image or an error.
func (w *writer) renderAll(part []drawing) (images [][]byte, problems []error) {
	images, problems = make([][]byte, len(part)), make([]error, len(part))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, d := range part {
		group.Go(func() error {
			images[i], problems[i] = w.table.render(d.file)
			return nil
		})
	}
	_ = group.Wait() // the errors are in problems
	return images, problems
}
