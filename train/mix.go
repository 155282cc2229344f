package train

import "math"

// Hard tells whether a batch, numbered from 0 within its epoch, is one of Groups blocks that do not see one another; any other
// batch is ordinary, one block. Of the first n batches n times HardFraction, rounded down, are hard, evenly spread.
func (c Config) Hard(batch int64) bool {
	return math.Floor(float64(batch+1)*c.HardFraction) > math.Floor(float64(batch)*c.HardFraction)
}

// blocks is the number of blocks of the batch at the trainer's position.
func (t *Trainer) blocks() int {
	if t.cfg.Hard(t.cursor.Batch) {
		return t.cfg.Groups
	}
	return 1
}
