// Package features checks and scales features of images and texts before a benchmark measures them.
//
// Dimensions: n items, D width of a feature.
package features

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
)

// Check makes sure that there is at least one feature, that all have the width of the first, and that none is zero or holds a
// NaN or an infinite number. what names them in the error, as in "image".
func Check(what string, rows [][]float32) error {
	if len(rows) == 0 {
		return fmt.Errorf("no %s features", what)
	}
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return fmt.Errorf("%s %d: the feature has %d dimensions, that of the first %d", what, i, len(row), len(rows[0]))
		}
		if square := Dot(row, row); !(square > 0) || math.IsInf(square, 0) {
			return fmt.Errorf("%s %d: the feature is zero or not finite", what, i)
		}
	}
	return nil
}

// SameWidth makes sure that two checked sets of features can be compared.
func SameWidth(what string, rows [][]float32, other string, others [][]float32) error {
	if len(rows[0]) != len(others[0]) {
		return fmt.Errorf("%s features have %d dimensions, %s features %d: they are not of one model", what, len(rows[0]), other, len(others[0]))
	}
	return nil
}

// Labels makes sure that there is a class 0..classes-1 for each of n features.
func Labels(labels []int, n, classes int) error {
	if len(labels) != n {
		return fmt.Errorf("%d labels for %d features", len(labels), n)
	}
	for i, label := range labels {
		if label < 0 || label >= classes {
			return fmt.Errorf("feature %d has label %d, want 0 to %d", i, label, classes-1)
		}
	}
	if classes < 2 {
		return errors.New("a single class: there is nothing to tell apart")
	}
	return nil
}

// Unit returns the features [n, D] scaled to length 1; the given ones stay as they are.
func Unit(rows [][]float32) [][]float32 {
	scaled := make([][]float32, len(rows))
	for i, row := range rows {
		length := math.Sqrt(Dot(row, row))
		unit := make([]float32, len(row))
		for j, x := range row {
			unit[j] = float32(float64(x) / length)
		}
		scaled[i] = unit
	}
	return scaled
}

// Dot is the inner product, summed in float64 in one order, so that it is the same on every machine. a and b have one length.
func Dot(a, b []float32) float64 {
	b = b[:len(a)]
	s0, s1, s2, s3 := 0.0, 0.0, 0.0, 0.0
	i := 0
	for ; i+3 < len(a); i += 4 {
		s0 += float64(a[i]) * float64(b[i])
		s1 += float64(a[i+1]) * float64(b[i+1])
		s2 += float64(a[i+2]) * float64(b[i+2])
		s3 += float64(a[i+3]) * float64(b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i]) * float64(b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// Numbered gives the names of classes the numbers 0, 1, ... in the order of the sorted names and returns the number of each label.
func Numbered(labels []string) (numbers []int, classes []string) {
	classes = slices.Compact(slices.Sorted(slices.Values(labels)))
	numbers = make([]int, len(labels))
	for i, label := range labels {
		numbers[i], _ = slices.BinarySearch(classes, label)
	}
	return numbers, classes
}

// MeanRecall is the mean over the classes that occur of the share of their items that are right, in per cent; scikit-learn calls it
// balanced accuracy and CLIP_benchmark mean per class recall.
func MeanRecall(right []bool, labels []int) float64 {
	sum, of := map[int]float64{}, map[int]float64{}
	for i, label := range labels {
		of[label]++
		if right[i] {
			sum[label]++
		}
	}
	total := 0.0
	for _, label := range slices.Sorted(maps.Keys(of)) { // in one order, for the last bit
		total += sum[label] / of[label]
	}
	return 100 * total / float64(len(of))
}

// Parallel runs f on parts of 0..n, one a processor.
func Parallel(n int, f func(from, to int)) {
	parts := max(1, min(runtime.GOMAXPROCS(0), n))
	var group sync.WaitGroup
	for p := range parts {
		group.Go(func() { f(p*n/parts, (p+1)*n/parts) })
	}
	group.Wait()
}
