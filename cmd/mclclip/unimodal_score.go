package main

import (
	"math"
	"slices"

	"github.com/mclclip/mclclip/bench/paired/trial"
	"github.com/mclclip/mclclip/data/imageset"
)

// standardize shifts and scales every dimension by its mean and standard deviation in the training features; a dimension that does not
// vary becomes 0.
func standardize(train, test [][]float32) (scaled, scaledTest [][]float32) {
	width := len(train[0])
	mean, deviation := make([]float64, width), make([]float64, width)
	for _, row := range train {
		for j, v := range row {
			mean[j] += float64(v) / float64(len(train))
		}
	}
	for _, row := range train {
		for j, v := range row {
			d := float64(v) - mean[j]
			deviation[j] += d * d / float64(len(train))
		}
	}
	apply := func(rows [][]float32) [][]float32 {
		out := make([][]float32, len(rows))
		for i, row := range rows {
			out[i] = make([]float32, width)
			for j, v := range row {
				if deviation[j] > 1e-12 {
					out[i][j] = float32((float64(v) - mean[j]) / math.Sqrt(deviation[j]))
				}
			}
		}
		return out
	}
	return apply(train), apply(test)
}

func ints(classes []int32) []int {
	out := make([]int, len(classes))
	for i, c := range classes {
		out[i] = int(c)
	}
	return out
}

func equal(guesses []int, want []int32) []bool {
	hits := make([]bool, len(want))
	for i, g := range guesses {
		hits[i] = g == int(want[i])
	}
	return hits
}

func count(hits []bool) (n int) {
	for _, hit := range hits {
		if hit {
			n++
		}
	}
	return n
}

// sortScores puts the linear probes before the neighbours, in the order of the features; columns keep theirs.
func sortScores(scores []trial.Score, set *imageset.Set) {
	place := map[string]int{}
	for k, f := range set.Features {
		place[f.Name], place[f.Name+" kNN"] = k, k+len(set.Features)
	}
	slices.SortStableFunc(scores, func(a, b trial.Score) int { return place[a.Metric] - place[b.Metric] })
}
