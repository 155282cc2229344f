package mcl

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train"
)

// mixture is a Mixed over rows of equally large labels, some of which share their image or caption with as many others.
func mixture(t *testing.T, rows, labels int, fraction float64) (*Mixed, []int32) {
	t.Helper()
	c := train.DefaultConfig()
	c.BatchSize, c.Groups, c.HardFraction = 16, 4, fraction
	label, of := make([]int32, rows), make([]int32, labels)
	for row := range label {
		label[row] = int32(row % labels)
	}
	for i := range of {
		of[i] = int32(i)
	}
	hard, err := NewGrouper(label, of, c.GlobalBatch(), c.Groups, sharing(rows, 5))
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewMixed(hard, c)
	if err != nil {
		t.Fatal(err)
	}
	return m, label
}

// epoch runs m over the rows in the order of a seed.
func (m *Mixed) epoch(rows int, seed uint64, carry []int64) (batches [][]int64, left []int64) {
	take := func() {
		for b := m.Next(); b != nil; b = m.Next() {
			batches = append(batches, b)
		}
	}
	m.Reset(carry)
	take()
	for _, row := range rand.New(rand.NewPCG(seed, 0)).Perm(rows) {
		m.Add(int64(row))
		take()
	}
	left = m.EndEpoch()
	take()
	return batches, left
}

// pure tells whether each block of a batch has one label.
func pure(batch []int64, label []int32) bool {
	for block := range slices.Chunk(batch, 4) {
		for _, row := range block {
			if label[row] != label[block[0]] {
				return false
			}
		}
	}
	return true
}

// Over many epochs the batches are of the kind that the trainer takes them for, every row is delivered as often as it comes,
// none twice in a batch, and what waits stays little.
func TestMixedBatchesAreOfTheirKind(t *testing.T) {
	const rows, epochs = 1600, 6
	for _, fraction := range []float64{0.25, 0.5, 0.9} {
		m, label := mixture(t, rows, 20, fraction)
		delivered := make([]int, rows)
		var carry []int64
		for e := range epochs {
			var batches [][]int64
			batches, carry = m.epoch(rows, uint64(e), carry)
			for i, batch := range batches {
				if pure(batch, label) != m.cfg.Hard(int64(i)) {
					t.Fatalf("fraction %g: batch %d of epoch %d is of the other kind", fraction, i, e)
				}
				sorted := slices.Sorted(slices.Values(batch))
				if len(slices.Compact(sorted)) != 16 {
					t.Fatalf("fraction %g: batch %d of epoch %d holds a row twice", fraction, i, e)
				}
				for _, row := range batch {
					delivered[row]++
				}
			}
			if len(carry) > rows/2 {
				t.Errorf("fraction %g: %d of %d rows wait after epoch %d", fraction, len(carry), rows, e)
			}
		}
		for _, row := range carry {
			delivered[row]++
		}
		if slices.Min(delivered) != epochs || slices.Max(delivered) != epochs {
			t.Errorf("fraction %g: rows were delivered %d to %d times in %d epochs", fraction, slices.Min(delivered), slices.Max(delivered), epochs)
		}
	}
}

func TestMixedBatchesAreTheSameAgain(t *testing.T) {
	m, _ := mixture(t, 800, 10, 0.5)
	_, carry := m.epoch(800, 1, nil)
	first, left := m.epoch(800, 2, carry)
	fresh, _ := mixture(t, 800, 10, 0.5)
	again, leftAgain := fresh.epoch(800, 2, carry)
	if !slices.EqualFunc(first, again, slices.Equal) || !slices.Equal(left, leftAgain) {
		t.Error("the same rows after the same carry gave other batches")
	}
	if other, _ := fresh.epoch(800, 3, carry); slices.EqualFunc(first, other, slices.Equal) {
		t.Error("another order of the rows gave the same batches")
	}
}

func TestTooFewRowsForHardBatchesAreRefused(t *testing.T) {
	m, _ := mixture(t, 1600, 20, 1)
	c := m.cfg
	c.HardFraction = 0.05
	if _, err := NewMixed(m.hard, c); err == nil || !strings.Contains(err.Error(), "leaves 80 pairs") {
		t.Errorf("got %v", err)
	}
}

// A run with ordinary batches between the hard ones, interrupted, ends in the weights of one that was left alone.
func TestAMixedRunResumesExactly(t *testing.T) {
	torchtest.NoLeak(t)
	index, c := sceneIndex(t, 160), smallRun()
	c.Stages, c.Control, c.Train.HardFraction, c.Base.Steps = 1, false, 0.5, 1
	alone, broken := t.TempDir(), t.TempDir()
	if err := startRun(t, alone, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	run := startRun(t, broken, c, index, &stopper{text: "stage-1 | Train", n: 3, stop: stop})
	if err := run.Finish(ctx); !errors.Is(err, train.ErrInterrupted) {
		t.Fatalf("got %v, want an interruption", err)
	}
	run.log.Close()
	if err := startRun(t, broken, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := modelBytes(t, alone, c)
	for name, raw := range modelBytes(t, broken, c) {
		if !slices.Equal(raw, want[name]) {
			t.Errorf("%s differs from the uninterrupted run's", name)
		}
	}
	c.Train.HardFraction = 1
	other := t.TempDir()
	if err := startRun(t, other, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(modelBytes(t, other, c)["stage-1"], want["stage-1"]) {
		t.Error("the share of hard batches changes nothing")
	}
}
