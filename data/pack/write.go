package pack

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/atomicfile"
)

// Summary says what was packed.
type Summary struct {
	Kind    string         `json:"kind"`
	Rows    int64          `json:"rows"`
	Skipped map[string]int `json:"skipped"` // by reason; each is listed in SkippedTable
	Ignored int            `json:"ignored"` // files or members that are neither image nor caption by their names
}

// Write packs the inputs into shards in the folder dir, which must be missing or empty, in a fixed order: inputs as given,
// files of a folder and rows by name or as they come. The folder appears whole or not at all. That no pair can be used
// is an error.
func Write(ctx context.Context, dir string, c Config) (Summary, error) {
	if err := c.Validate(); err != nil {
		return Summary{}, fmt.Errorf("pack: %w", err)
	}
	paths, kind, err := c.inputs()
	if err != nil {
		return Summary{}, fmt.Errorf("pack: %w", err)
	}
	p := &packer{ctx: ctx, config: c, sum: Summary{Kind: kind, Skipped: map[string]int{}}}
	var failed error // without the name of the temporary folder
	err = atomicfile.WriteDir(dir, func(tmp string) error {
		failed = p.write(tmp, paths)
		return failed
	})
	if failed != nil {
		err = fmt.Errorf("pack: %w", failed)
	}
	return p.sum, err
}

// packer is the state of one run.
type packer struct {
	ctx     context.Context
	config  Config
	shards  *data.Writer
	skipped *csv.Writer
	first   string // what was skipped first, where and why
	waiting []candidate
	bytes   int64 // of images that wait
	sum     Summary
}

// candidate is a pair that is yet to be checked.
type candidate struct {
	row    data.WriterRow
	source string // input
	entry  string // file, line or member in it
}

// What waits to be checked on all cores at a time.
const (
	maxWaiting      = 256
	maxWaitingBytes = 64 << 20
)

func (p *packer) write(dir string, paths []string) (err error) {
	if p.shards, err = data.NewWriter(dir, p.config.Prefix, data.WriterOptions{RowsPerShard: p.config.RowsPerShard}); err != nil {
		return err
	}
	defer p.shards.Abort()
	var failed error // without the name of the table of what was skipped, which is not at fault
	err = atomicfile.WriteFile(filepath.Join(dir, SkippedTable), func(w io.Writer) error {
		p.skipped = csv.NewWriter(w)
		_ = p.skipped.Write([]string{"source", "entry", "reason", "detail"}) // errors are kept until Flush
		if failed = p.read(paths); failed != nil {
			return failed
		}
		p.skipped.Flush()
		return p.skipped.Error()
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	if p.sum.Rows = p.shards.Rows(); p.sum.Rows == 0 {
		return fmt.Errorf("no usable pair in %s: %s%s", strings.Join(paths, " "), p.sum.reasons(), p.first)
	}
	return p.shards.Close()
}

// reasons lists the counts, the largest first.
func (s Summary) reasons() string {
	names := slices.SortedFunc(maps.Keys(s.Skipped), func(a, b string) int {
		if d := s.Skipped[b] - s.Skipped[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%d %s", s.Skipped[name], name))
	}
	if len(parts) == 0 {
		return "nothing there that is called like an image"
	}
	return strings.Join(parts, ", ")
}

func (p *packer) read(paths []string) error {
	readInput := map[string]func(string) error{KindFolder: p.readFolder, KindTable: p.readTable, KindTar: p.readTar}[p.sum.Kind]
	for _, path := range paths {
		if err := readInput(path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return p.flush()
}

// skip counts and lists what gives no pair.
func (p *packer) skip(source, entry string, why *problem) {
	p.sum.Skipped[why.reason]++
	detail := ""
	if why.detail != nil {
		detail = why.detail.Error()
	}
	if p.first == "" {
		p.first = fmt.Sprintf("; the first: %s: %s: %v", source, entry, why)
	}
	_ = p.skipped.Write([]string{source, entry, why.reason, detail}) // errors are kept until Flush
}

// add takes a pair whose caption is good.
func (p *packer) add(source, entry, key, caption string, image []byte) error {
	if image == nil {
		image = []byte{}
	}
	p.waiting = append(p.waiting, candidate{data.WriterRow{Image: image, Caption: caption, Key: key}, source, entry})
	p.bytes += int64(len(image))
	if len(p.waiting) < maxWaiting && p.bytes < maxWaitingBytes {
		return nil
	}
	return p.flush()
}

// flush checks the pairs that wait, on all cores, and writes those that are good, in order.
func (p *packer) flush() error {
	problems := make([]*problem, len(p.waiting))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, w := range p.waiting {
		group.Go(func() error {
			problems[i] = p.config.checkImage(w.row.Image)
			return nil
		})
	}
	_ = group.Wait() // the errors are in problems
	if err := p.ctx.Err(); err != nil {
		return err
	}
	var err error
	for i, w := range p.waiting {
		if problems[i] != nil {
			p.skip(w.source, w.entry, problems[i])
		} else {
			err = errors.Join(err, p.shards.Write(w.row))
		}
	}
	clear(p.waiting)
	p.waiting, p.bytes = p.waiting[:0], 0
	return err
}
