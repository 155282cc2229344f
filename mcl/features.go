package mcl

import (
	"fmt"
	"iter"
	"math"
	"runtime"
	"sync"
)

// Features are the features of a data set, of which only a block is in memory at a time.
type Features interface {
	Len() int64 // rows, M
	Width() int // D
	// Blocks yields blocks of rows [n, D], in row order, the same rows in every call. A block is valid until the next one and is not
	// written to. Nothing comes after an error.
	Blocks() iter.Seq2[[]float32, error]
}

// RowReader is what Features are that can read single rows without a pass over all of them.
type RowReader interface {
	// ReadRows calls do for the features [D] of each of rows, with its place in rows; x is valid during the call. It is safe for many
	// goroutines.
	ReadRows(rows []int64, do func(i int, x []float32)) error
}

// Matrix holds features in memory, [M, D] row by row.
type Matrix struct {
	Data    []float32
	Columns int // D
}

// blockFloats is the size of the blocks that Matrix and FeatureFile yield: 4 MiB.
const blockFloats = 1 << 20

// Len returns M.
func (m *Matrix) Len() int64 { return int64(len(m.Data) / m.Columns) }

// Width returns D.
func (m *Matrix) Width() int { return m.Columns }

// Row returns one row.
func (m *Matrix) Row(i int) []float32 { return m.Data[i*m.Columns : (i+1)*m.Columns] }

// ReadRows shows some rows.
func (m *Matrix) ReadRows(rows []int64, do func(i int, x []float32)) error {
	for i, row := range rows {
		do(i, m.Row(int(row)))
	}
	return nil
}

// Blocks yields the rows.
func (m *Matrix) Blocks() iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		step := blockRows(m.Columns) * m.Columns
		for rest := m.Data; len(rest) > 0; {
			n := min(step, len(rest))
			if !yield(rest[:n], nil) {
				return
			}
			rest = rest[n:]
		}
	}
}

func blockRows(width int) int { return max(1, blockFloats/width) }

// Normalize scales each row of x [n, D] to length 1 in place, as the features are before they are clustered. A row that has no direction is
// an error.
func Normalize(x []float32, width int) error {
	for i := 0; i < len(x); i += width {
		if !normalizeRow(x[i : i+width]) {
			return fmt.Errorf("row %d of the block has length 0 or is not finite and cannot be normalised", i/width)
		}
	}
	return nil
}

func normalizeRow(row []float32) bool {
	sum := 0.0
	for _, v := range row {
		sum += float64(v) * float64(v)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return false
	}
	scale := 1 / math.Sqrt(sum)
	for j, v := range row {
		row[j] = float32(float64(v) * scale)
	}
	return true
}

// squaredDistance is the square of the Euclidean distance, summed in float64.
func squaredDistance(a, b []float32) float64 {
	b = b[:len(a)]
	even, odd := 0.0, 0.0
	i := 0
	for ; i+1 < len(a); i += 2 {
		d, e := float64(a[i])-float64(b[i]), float64(a[i+1])-float64(b[i+1])
		even += d * d
		odd += e * e
	}
	if i < len(a) {
		d := float64(a[i]) - float64(b[i])
		even += d * d
	}
	return even + odd
}

// split runs f over parts of 0..n in parallel; parts start at multiples of step. Work below a size is not worth it.
func split(n, step, work int, f func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), n/step)
	if parts < 2 || work < 1<<14 {
		f(0, n)
		return
	}
	var group sync.WaitGroup
	for p := range parts {
		from, to := p*(n/step)/parts*step, (p+1)*(n/step)/parts*step
		if p == parts-1 {
			to = n
		}
		group.Go(func() { f(from, to) })
	}
	group.Wait()
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
