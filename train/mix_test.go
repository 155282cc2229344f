package train

import (
	"testing"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torchtest"
)

func TestHardBatchesAreSpread(t *testing.T) {
	for fraction, want := range map[float64]string{1: "hhhhhhhh", 0.5: ".h.h.h.h", 0.25: "...h...h", 0.75: ".hhh.hhh"} {
		c, got := Config{HardFraction: fraction}, ""
		for i := range int64(8) {
			if c.Hard(i) {
				got += "h"
			} else {
				got += "."
			}
		}
		if got != want {
			t.Errorf("fraction %g: %s, want %s", fraction, got, want)
		}
	}
}

// In an ordinary batch every pair is compared with every other one, in a hard one with those of its block.
func TestLossOfHardAndOrdinaryBatches(t *testing.T) {
	torchtest.NoLeak(t)
	loss := func(groups int, fraction float64, number int64) float64 {
		c := testConfig(1)
		c.Groups, c.HardFraction = groups, fraction
		trainer := tinyTrainer(t, c, tinyModel(t, 1))
		trainer.cursor = data.Cursor{Batch: number}
		r, err := trainer.Step(noiseBatch(1, 8))
		if err != nil {
			t.Fatal(err)
		}
		return r.Loss
	}
	whole, blocks := loss(1, 1, 0), loss(2, 1, 0)
	if whole == blocks {
		t.Fatal("the losses of one block and of two are equal")
	}
	if got := loss(2, 0.5, 0); got != whole {
		t.Errorf("an ordinary batch has loss %v, want %v", got, whole)
	}
	if got := loss(2, 0.5, 1); got != blocks {
		t.Errorf("a hard batch has loss %v, want %v", got, blocks)
	}
}
