package mcl

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// surveyed is what the first pass over the features finds.
type surveyed struct {
	sample   *Matrix // rows drawn without replacement, in row order
	variance float64 // of the features, mean over the columns
}

// survey checks that the features can be clustered and draws the sample.
func survey(features Features, config KMeansConfig) (surveyed, error) {
	d := features.Width()
	s := surveyed{sample: &Matrix{Columns: d}}
	wanted := drawRows(features.Len(), int64(max(config.SampleRows, 32*config.Clusters)), config.Seed)
	first, equal := []float32(nil), true
	shift, square := make([]float64, d), 0.0 // sums of x - first and of its square, so that a large mean costs no precision
	row := int64(0)
	for x, err := range features.Blocks() {
		if err != nil {
			return s, err
		}
		if first == nil {
			first = slices.Clone(x[:d])
		}
		sum := addDifferences(shift, x, first)
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			return s, fmt.Errorf("feature row %d holds a value that is not finite", row+firstNotFinite(x)/int64(d))
		}
		square += sum
		equal = equal && sum == 0
		for ; len(wanted) > 0 && wanted[0] < row+int64(len(x)/d); wanted = wanted[1:] {
			at := int(wanted[0]-row) * d
			s.sample.Data = append(s.sample.Data, x[at:at+d]...)
		}
		row += int64(len(x) / d)
	}
	if row != features.Len() {
		return s, fmt.Errorf("a pass gave %d rows of features, want %d", row, features.Len())
	}
	if equal {
		return s, fmt.Errorf("all %d feature rows are equal: there is nothing to cluster", row)
	}
	n := float64(row)
	for _, sum := range shift {
		square -= sum * sum / n
	}
	s.variance = max(0, square) / n / float64(d)
	return s, nil
}

// firstNotFinite is the index of the first number that is not finite.
func firstNotFinite(x []float32) int64 {
	return int64(slices.IndexFunc(x, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }))
}

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

// plusPlus seeds a start by greedy k-means++: each next centroid is, among a few rows drawn with a probability proportional to the
// squared distance to the nearest centroid so far, the one that lowers the sum of these most.
func plusPlus(sample *Matrix, config KMeansConfig, start int) Centroids {
	k, d := config.Clusters, sample.Columns
	trials := 2 + int(math.Log(float64(k)))
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
