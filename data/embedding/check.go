package embedding

import (
	"errors"
	"fmt"
	"math"
)

// unitTolerance is how far the length of a normalised embedding may be from 1; normalising in bfloat16 errs by 0.002.
const unitTolerance = 0.01

// check refuses rows that readers could not use or would use wrongly.
func (m Meta) check(r Row) error {
	if r.ID == "" {
		return fmt.Errorf("row %d: no id", r.Row)
	}
	if err := m.checkVector(r.Image); err != nil {
		return fmt.Errorf("row %d (id %s): image embedding: %w", r.Row, r.ID, err)
	}
	if err := m.checkVector(r.Text); err != nil {
		return fmt.Errorf("row %d (id %s): text embedding: %w", r.Row, r.ID, err)
	}
	return nil
}

func (m Meta) checkVector(v []float32) error {
	if len(v) != m.Dim {
		return fmt.Errorf("%d dimensions, want %d", len(v), m.Dim)
	}
	square := 0.0
	for i, x := range v {
		switch {
		case x != x:
			return fmt.Errorf("dimension %d is NaN", i)
		case math.IsInf(float64(x), 0):
			return fmt.Errorf("dimension %d is infinite", i)
		case m.DType == Float16 && toFloat16(x)&0x7fff == halfInf:
			return fmt.Errorf("dimension %d is %g, too large for float16: write float32 or normalise", i, x)
		}
		square += float64(x) * float64(x)
	}
	if length := math.Sqrt(square); m.Normalized && math.Abs(length-1) > unitTolerance {
		return fmt.Errorf("its length is %.4g, but the meta data says normalised", length)
	}
	return nil
}

// withDefaults fills in the defaults and refuses sizes out of range.
func (o Options) withDefaults() (Options, error) {
	if o.RowsPerFile == 0 {
		o.RowsPerFile = DefaultRowsPerFile
	}
	if o.RowsPerGroup == 0 {
		o.RowsPerGroup = MaxRowsPerGroup
	}
	if o.RowsPerFile < 1 {
		return o, errors.New("rows per file: want at least 1")
	}
	if o.RowsPerGroup < 1 || o.RowsPerGroup > MaxRowsPerGroup {
		return o, fmt.Errorf("rows per group: %d, want 1 to %d", o.RowsPerGroup, MaxRowsPerGroup)
	}
	return o, nil
}
