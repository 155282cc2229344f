package main

import (
	"math"
	"testing"
)

func TestStandardizeByTheTrainingFeatures(t *testing.T) {
	train, test := standardize([][]float32{{1, 7, -2}, {3, 7, 2}}, [][]float32{{5, 9, 0}})
	for i, want := range [][]float32{{-1, 0, -1}, {1, 0, 1}, {3, 0, 0}} {
		row := append(train[:2:2], test...)[i]
		for j := range want {
			if math.Abs(float64(row[j]-want[j])) > 1e-6 {
				t.Errorf("row %d is %v, want %v", i, row, want)
			}
		}
	}
}
