package main

import (
	"bufio"
	"fmt"
	"iter"
	"math/bits"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
)

// scaleWork is what is done with a number of rows.
type scaleWork struct{ width, clusters, stages, batch, groups, passes int }

// scaleResult is what it took. Times are in seconds, over all stages; memory is the resident set in bytes.
type scaleResult struct {
	Rows    int64   `json:"rows"`
	KMeans  float64 `json:"kmeans_seconds"`
	Labels  float64 `json:"labels_seconds"`
	Group   float64 `json:"group_seconds"`
	Epoch   float64 `json:"epoch_seconds"`
	Groups  int     `json:"groups"`
	Batches int64   `json:"batches"`
	Before  int64   `json:"memory_before"`
	Peak    int64   `json:"memory_peak"`
}

// measure does the work: clusters and labels of each stage, then an epoch of the last stage's batches.
func (w scaleWork) measure(rows int64, device torch.Device) (r scaleResult, err error) {
	r.Rows = rows
	spareMemory(rows)
	debug.FreeOSMemory()
	if r.Before, err = memory("VmRSS"); err != nil {
		return r, err
	}
	clock := time.Now()
	lap := func(to *float64) { *to += time.Since(clock).Seconds(); clock = time.Now() }
	labels := mcl.NewLabels(rows, func(int64) bool { return true })
	var centroids []mcl.Centroids
	for stage := range w.stages {
		nearest := mcl.NewTorchNearest(device)
		config := mcl.DefaultKMeansConfig()
		config.Clusters, config.MaxPasses, config.Starts, config.Seed = w.clusters, w.passes, 1, uint64(stage)
		found, err := mcl.KMeans(simulated{rows, w.width, uint64(stage)}, nearest, config)
		nearest.Close()
		if err != nil {
			return r, err
		}
		lap(&r.KMeans)
		centroids = append(centroids, found.Centroids)
		if labels, err = labels.Extend(found.Assign, mcl.Origin{Clusters: w.clusters}); err != nil {
			return r, err
		}
		lap(&r.Labels)
	}
	of, err := mcl.MergeSmall(labels.Sizes(), centroids, w.batch, w.groups)
	if err != nil {
		return r, err
	}
	grouper, err := mcl.NewGrouper(labels.ByRow, of.Of, w.batch, w.groups, nil)
	if err != nil {
		return r, err
	}
	r.Groups = of.Count()
	lap(&r.Group)
	if r.Batches, err = epoch(grouper, rows); err != nil {
		return r, err
	}
	lap(&r.Epoch)
	r.Peak, err = memory("VmHWM")
	return r, err
}

// epoch adds every row once, in an order that jumps about, and checks that each is in a batch or waits.
func epoch(g *mcl.Grouper, rows int64) (batches int64, err error) {
	const jump = 2_654_435_761 // a prime, so that the multiples run through all rows
	used := int64(0)
	drain := func() {
		for batch := g.Next(); batch != nil; batch = g.Next() {
			batches++
			used += int64(len(batch))
		}
	}
	for i := range rows {
		high, low := bits.Mul64(uint64(i), jump)
		_, row := bits.Div64(high%uint64(rows), low, uint64(rows))
		g.Add(int64(row))
		drain()
	}
	waiting := int64(len(g.EndEpoch()))
	drain()
	if rows%jump == 0 || used+waiting != rows {
		return 0, fmt.Errorf("an epoch used %d rows and left %d of %d waiting", used, waiting, rows)
	}
	return batches, nil
}

// memory reads a line of /proc/self/status, in bytes.
func memory(line string) (int64, error) {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("memory of the process: %w", err)
	}
	defer file.Close()
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		if value, ok := strings.CutPrefix(scanner.Text(), line+":"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("memory of the process: /proc/self/status has no %s", line)
}

// simulated are features of which nothing is kept: row i lies around one of 1,000 uneven centres, and is computed anew in each
// pass.
type simulated struct {
	rows  int64
	width int
	seed  uint64
}

var (
	_ mcl.Features  = simulated{}
	_ mcl.RowReader = simulated{}
)

// Len returns the number of rows.
func (s simulated) Len() int64 { return s.rows }

// Width returns D.
func (s simulated) Width() int { return s.width }

// simulatedCentres is the number of centres.
const simulatedCentres = 1000

func (s simulated) centres() []float32 {
	centre := make([]float32, simulatedCentres*s.width)
	for i := range centre {
		centre[i] = 2 * unit(hash(s.seed, uint64(i)))
	}
	return centre
}

// row computes a row.
func (s simulated) row(x, centre []float32, row int64) {
	h := hash(s.seed+1, uint64(row))
	// the square of an even number: small centres have most rows
	high, _ := bits.Mul64(h, h)
	c := int(high>>32) * simulatedCentres >> 32
	for j := range x {
		if j&3 == 0 {
			h = hash(h, uint64(j))
		}
		x[j] = centre[c*s.width+j] + float32(int16(h>>(16*(j&3))))/(1<<15)
	}
}

// Blocks computes the rows in blocks.
func (s simulated) Blocks() iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		const block = 1 << 14
		centre, x := s.centres(), make([]float32, block*s.width)
		for first := int64(0); first < s.rows; first += block {
			n := int(min(block, s.rows-first))
			for i := range n {
				s.row(x[i*s.width:(i+1)*s.width], centre, first+int64(i))
			}
			if !yield(x[:n*s.width], nil) {
				return
			}
		}
	}
}

// ReadRows computes some rows.
func (s simulated) ReadRows(rows []int64, do func(i int, x []float32)) error {
	centre, x := s.centres(), make([]float32, s.width)
	for i, row := range rows {
		s.row(x, centre, row)
		do(i, x)
	}
	return nil
}

// hash is splitmix64 of two numbers.
func hash(a, b uint64) uint64 {
	x := a*0xd1342543de82ef95 + b + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit is a number from -1 to 1.
func unit(h uint64) float32 { return float32(int32(h>>32)) / (1 << 31) }
