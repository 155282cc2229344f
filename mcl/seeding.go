package mcl

import (
	"math"
	"math/rand/v2"
	"slices"
)

// drawRows returns n of total row numbers in ascending order, every choice alike (Floyd's algorithm); all of them if there are no more.
func drawRows(total, n int64, seed uint64) []int64 {
	if n >= total {
		rows := make([]int64, total)
		for i := range rows {
			rows[i] = int64(i)
		}
		return rows
	}
	random := rand.New(rand.NewPCG(seed, 1))
	drawn := make(map[int64]bool, n)
	rows := make([]int64, 0, n)
	for last := total - n; last < total; last++ {
		row := random.Int64N(last + 1)
		if drawn[row] {
			row = last
		}
		drawn[row] = true
		rows = append(rows, row)
	}
	slices.Sort(rows)
	return rows
}

// seedingWork bounds the multiplications of one seeding; with many clusters it draws on fewer rows, 8 a cluster at least.
const seedingWork = 1 << 31

// greedyTrials is scikit-learn's number of rows drawn for each centroid.
func greedyTrials(clusters int) int { return 2 + int(math.Log(float64(clusters))) }

// plusPlus seeds a start by greedy k-means++: each next centroid is, among a few rows drawn with a probability proportional to the
// squared distance to the nearest centroid so far, the one that lowers the sum of these most.
func plusPlus(sample *Matrix, config KMeansConfig, start, trials int) Centroids {
	k, d := config.Clusters, sample.Columns
	n := max(8*k, seedingWork/(k*trials*d))
	rows := drawRows(sample.Len(), int64(n), config.Seed+uint64(start)<<32)
	random := rand.New(rand.NewPCG(config.Seed, uint64(start)+2))

	result := Centroids{Data: make([]float32, 0, k*d), Clusters: k, Width: d}
	nearest := make([]float64, len(rows)) // squared distance to the nearest centroid so far
	best, trial := make([]float64, len(rows)), make([]float64, len(rows))
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	next := random.IntN(len(rows))
	lowerDistances(trial, nearest, sample, rows, next)
	nearest, trial = trial, nearest
	result.Data = append(result.Data, sample.Row(int(rows[next]))...)
	for len(result.Data) < k*d {
		lowest := math.Inf(1)
		cumulative := cumulate(nearest)
		for range trials {
			candidate := drawWeighted(random, cumulative)
			if sum := lowerDistances(trial, nearest, sample, rows, candidate); sum < lowest {
				lowest, next = sum, candidate
				best, trial = trial, best
			}
		}
		nearest, best = best, nearest
		result.Data = append(result.Data, sample.Row(int(rows[next]))...)
	}
	return result
}

// lowerDistances writes to dst the distances of nearest, lowered where a centroid at the candidate is nearer, and returns their sum.
func lowerDistances(dst, nearest []float64, sample *Matrix, rows []int64, candidate int) (sum float64) {
	centre := sample.Row(int(rows[candidate]))
	distancesTo(centre, sample, rows, dst)
	for i, d := range dst {
		dst[i] = min(d, nearest[i])
		sum += dst[i]
	}
	return sum
}

func cumulate(weights []float64) []float64 {
	sums, sum := make([]float64, len(weights)), 0.0
	for i, w := range weights {
		sum += w
		sums[i] = sum
	}
	return sums
}

// drawWeighted draws an index with a probability proportional to its weight, any index if all weights are 0.
func drawWeighted(random *rand.Rand, cumulative []float64) int {
	total := cumulative[len(cumulative)-1]
	if total == 0 {
		return random.IntN(len(cumulative))
	}
	at, found := slices.BinarySearch(cumulative, random.Float64()*total)
	for found && at+1 < len(cumulative) && cumulative[at+1] == cumulative[at] {
		at++ // an index of weight 0
	}
	if found {
		at++
	}
	return min(at, len(cumulative)-1)
}
