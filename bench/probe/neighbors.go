package probe

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/mclclip/mclclip/bench/features"
)

// KNN says how nearest neighbours vote.
type KNN struct {
	K           int     // neighbours
	Temperature float64 // tau: a neighbour at cosine s has weight exp(s / tau)
}

// DefaultKNN returns the settings of DINO's evaluation (Caron et al. 2021, after Wu et al. 2018).
func DefaultKNN() KNN { return KNN{K: 20, Temperature: 0.07} }

// Predict returns the class of each test feature [m, D]: the largest sum of the weights of its K nearest training features [n, D] by
// cosine. With fewer than K training features all vote. Of equal neighbours the first counts as the nearer, of equal classes the smaller.
func (k KNN) Predict(x [][]float32, labels []int, classes int, test [][]float32) ([]int, error) {
	if k.K < 1 || !(k.Temperature > 0) {
		return nil, fmt.Errorf("%d neighbours at temperature %g: want at least 1 and a number above 0", k.K, k.Temperature)
	}
	for _, check := range []error{features.Check("training", x), features.Check("test", test), features.Labels(labels, len(x), classes)} {
		if check != nil {
			return nil, check
		}
	}
	if err := features.SameWidth("training", x, "test", test); err != nil {
		return nil, err
	}
	x, test = features.Unit(x), features.Unit(test)
	predicted := make([]int, len(test))
	features.Parallel(len(test), func(from, to int) {
		near := make([]neighbor, 0, k.K+1)
		for i := from; i < to; i++ {
			near = nearest(near[:0], x, test[i], k.K)
			predicted[i] = k.vote(near, labels, classes)
		}
	})
	return predicted, nil
}

type neighbor struct {
	index  int
	cosine float64
}

// nearest lists the k nearest features, the nearest first.
func nearest(near []neighbor, x [][]float32, to []float32, k int) []neighbor {
	for i, row := range x {
		cosine := features.Dot(row, to)
		if len(near) == k && cosine <= near[k-1].cosine {
			continue
		}
		at, _ := slices.BinarySearchFunc(near, cosine, func(n neighbor, c float64) int {
			if n.cosine == c {
				return -1 // behind its equals
			}
			return cmp.Compare(c, n.cosine)
		})
		near = slices.Insert(near, at, neighbor{i, cosine})
		near = near[:min(k, len(near))]
	}
	return near
}

func (k KNN) vote(near []neighbor, labels []int, classes int) (best int) {
	votes := make([]float64, classes)
	for _, n := range near {
		votes[labels[n.index]] += math.Exp((n.cosine - 1) / k.Temperature)
	}
	for c, v := range votes {
		if v > votes[best] {
			best = c
		}
	}
	return best
}
