package mcl

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// drawSample reads n rows drawn without replacement, all where there are no more, in an order drawn too, so that the first of them are a
// sample themselves.
func drawSample(features Features, n int64, seed uint64) (*Matrix, error) {
	rows := drawRows(features.Len(), n, seed)
	return readSample(features, rows, rand.New(rand.NewPCG(seed, 1<<63)).Perm(len(rows)))
}

// readAll reads all rows in their order.
func readAll(features Features) (*Matrix, error) {
	rows := drawRows(features.Len(), features.Len(), 0)
	place := make([]int, len(rows))
	for i := range place {
		place[i] = i
	}
	return readSample(features, rows, place)
}

// readSample reads rows, which are in ascending order, each to its place in the sample.
func readSample(features Features, rows []int64, place []int) (*Matrix, error) {
	d := features.Width()
	sample := &Matrix{Data: make([]float32, len(rows)*d), Columns: d}
	err := eachRow(features, rows, func(i int, x []float32) { copy(sample.Row(place[i]), x) })
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		if firstNotFinite(sample.Row(place[i])) >= 0 {
			return nil, notFinite(row)
		}
	}
	return sample, nil
}

func notFinite(row int64) error {
	return fmt.Errorf("feature row %d holds a value that is not finite", row)
}

// firstNotFinite is the index of the first number that is not finite, -1 if there is none.
func firstNotFinite(x []float32) int {
	return slices.IndexFunc(x, func(v float32) bool { return v-v != 0 })
}

// eachRow calls do, of several goroutines, for the features of rows, which are in ascending order: row by row where the features allow it
// and the rows are few, else in a pass.
func eachRow(features Features, rows []int64, do func(i int, x []float32)) error {
	if reader, ok := features.(RowReader); ok && int64(len(rows)) < features.Len() {
		return readRows(reader, features.Width(), rows, do)
	}
	first, d, i := int64(0), features.Width(), 0
	for x, err := range features.Blocks() {
		if err != nil {
			return err
		}
		for n := int64(len(x) / d); i < len(rows) && rows[i] < first+n; i++ {
			at := int(rows[i]-first) * d
			do(i, x[at:at+d])
		}
		first += int64(len(x) / d)
	}
	return checkRows(first, features)
}

func checkRows(got int64, features Features) error {
	if got != features.Len() {
		return fmt.Errorf("a pass gave %d rows of features, want %d", got, features.Len())
	}
	return nil
}

func readRows(reader RowReader, width int, rows []int64, do func(i int, x []float32)) error {
	var lock sync.Mutex
	var errs []error
	split(len(rows), 1, len(rows)*width, func(from, to int) {
		if err := reader.ReadRows(rows[from:to], func(i int, x []float32) { do(from+i, x) }); err != nil {
			lock.Lock()
			defer lock.Unlock()
			errs = append(errs, err)
		}
	})
	return errors.Join(errs...)
}

// spread returns the variance of features, mean over the columns, and whether all rows are equal. All values are finite.
func spread(m *Matrix) (variance float64, equal bool) {
	shift, square := make([]float64, m.Columns), 0.0 // sums of x - first row and of its square, so that a large mean costs no precision
	for x := range m.Blocks() {
		square += addDifferences(shift, x, m.Row(0))
	}
	if square == 0 {
		return 0, true
	}
	n := float64(m.Len())
	for _, sum := range shift {
		square -= sum * sum / n
	}
	return max(0, square) / n / float64(m.Columns), false
}

// allEqual tells whether all rows are equal, by a pass that ends at the first that is not.
func allEqual(features Features) (bool, error) {
	var first []float32
	for x, err := range features.Blocks() {
		if err != nil {
			return false, err
		}
		if first == nil {
			first = slices.Clone(x[:features.Width()])
		}
		for row := range slices.Chunk(x, len(first)) {
			if !slices.Equal(row, first) {
				return false, nil
			}
		}
	}
	return true, nil
}

// expectedExcess is how far the inertia of centroids that are means of n rows in all lies above the least, as a share: each mean of n/K
// rows adds 1/(n/K) of a row's distance to every row of its cluster.
func expectedExcess(clusters int, n int64) float64 {
	return float64(clusters) / math.Max(1, float64(n))
}
