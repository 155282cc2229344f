package mcl

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// CheckConstraint reports whether K clusters over N stages leave enough pairs in a label: K^N <= M*G/b, where M counts the usable
// pairs, b the rows of a global batch and G the blocks in it (the paper's rule K^N <= M/b is G = 1). Then a label has
// b/G pairs, a full block, on average. The error of a misfit says which N, K or G would fit.
func CheckConstraint(pairs int64, clusters, stages, batch, groups int) error {
	return checkConstraint(pairs, clusters, 1, stages, batch, groups)
}

// checkConstraint is CheckConstraint where each stage has the product of the clusters of several views: K^(views*N) labels.
func checkConstraint(pairs int64, clusters, views, stages, batch, groups int) error {
	switch {
	case stages < 1:
		return fmt.Errorf("--stages %d: at least one stage must be trained", stages)
	case clusters < 2:
		return fmt.Errorf("--clusters %d: at least 2 clusters are needed to tell pairs apart", clusters)
	}
	if err := checkBatch(pairs, batch, groups); err != nil {
		return err
	}
	if int64(clusters) > pairs {
		return fmt.Errorf("--clusters %d: there are only %d pairs to cluster", clusters, pairs)
	}
	limit := labelLimit(pairs, batch, groups)
	if power(clusters, views*stages) <= limit {
		return nil
	}
	return misfit(pairs, clusters, views, stages, batch, groups)
}

// checkBatch checks that a batch of blocks can be made at all.
func checkBatch(pairs int64, batch, groups int) error {
	switch {
	case batch < 2:
		return fmt.Errorf("a global batch of %d has no negatives: raise --batch-size", batch)
	case groups < 1:
		return fmt.Errorf("--groups %d: a batch has at least 1 group", groups)
	case batch%groups != 0:
		return fmt.Errorf("--groups %d does not divide the global batch of %d: use %s", groups, batch, neighbours(batch, groups))
	case batch/groups < 2:
		return fmt.Errorf("--groups %d leaves %d pair a group in a global batch of %d, so no negatives: use at most %d",
			groups, batch/groups, batch, largestGroups(batch, groups))
	case int64(batch) > pairs:
		return fmt.Errorf("the global batch of %d is larger than the data, %d usable pairs: lower --batch-size", batch, pairs)
	}
	return nil
}

// misfit lists each single change that makes the constraint hold.
func misfit(pairs int64, clusters, views, stages, batch, groups int) error {
	limit := labelLimit(pairs, batch, groups)
	var cures []string
	if n := LargestStages(limit, clusters) / views; n >= 1 {
		cures = append(cures, fmt.Sprintf("--stages %d", n))
	}
	if k := LargestClusters(limit, views*stages); k >= 2 {
		cures = append(cures, fmt.Sprintf("--clusters %d", k))
	}
	if g := SmallestGroups(pairs, clusters, views*stages, batch); g > 0 {
		cures = append(cures, fmt.Sprintf("--groups %d", g))
	}
	cure := "none of the three alone can be changed to fit: take more pairs or a smaller batch"
	if len(cures) > 0 {
		cure = strings.Join(cures, " or ") + " would fit"
	}
	of := ""
	if views > 1 {
		of = " of images and as many of texts"
	}
	return fmt.Errorf("--clusters %d%s over --stages %d makes %s labels, but %d pairs fill blocks of %d (batch %d, --groups %d) for at most %d: %s",
		clusters, of, stages, powerText(clusters, views*stages), pairs, batch/groups, batch, groups, limit, cure)
}

// LargestStages returns the largest N with K^N <= limit, 0 if there is none.
func LargestStages(limit int64, clusters int) int {
	n := 0
	for power(clusters, n+1) <= limit {
		n++
	}
	return n
}

// LargestClusters returns the largest K with K^N <= limit; below 2 no clustering fits.
func LargestClusters(limit int64, stages int) int {
	k := int(math.Pow(float64(limit), 1/float64(stages)))
	for k > 0 && power(k, stages) > limit {
		k--
	}
	for power(k+1, stages) <= limit {
		k++
	}
	return k
}

// SmallestGroups returns the smallest G that divides the batch, leaves at least 2 pairs in a block and satisfies the constraint;
// 0 if there is none.
func SmallestGroups(pairs int64, clusters, stages, batch int) int {
	for g := 1; g <= batch/2; g++ {
		if batch%g == 0 && power(clusters, stages) <= labelLimit(pairs, batch, g) {
			return g
		}
	}
	return 0
}

// labelLimit is M*G/b rounded down, at most what a label can number.
func labelLimit(pairs int64, batch, groups int) int64 {
	high, low := bits.Mul64(uint64(pairs), uint64(groups))
	if high >= uint64(batch) {
		return math.MaxInt32
	}
	quotient, _ := bits.Div64(high, low, uint64(batch))
	return int64(min(quotient, math.MaxInt32))
}

// power is k^n, or MaxInt64 where that does not fit.
func power(k, n int) int64 {
	product := int64(1)
	for range n {
		high, low := bits.Mul64(uint64(product), uint64(k))
		if high > 0 || low > math.MaxInt64 {
			return math.MaxInt64
		}
		product = int64(low)
		if product <= 1 {
			break
		}
	}
	return product
}

func powerText(k, n int) string {
	if p := power(k, n); p < math.MaxInt64 {
		return fmt.Sprint(p)
	}
	return "more than 2^63"
}

// neighbours names the divisors of batch nearest to groups, below and above, that leave at least 2 pairs in a block.
func neighbours(batch, groups int) string {
	lower := largestGroups(batch, groups)
	for upper := groups; upper <= batch/2; upper++ {
		if batch%upper == 0 {
			return fmt.Sprintf("%d or %d", lower, upper)
		}
	}
	return fmt.Sprint(lower)
}

// largestGroups returns the largest divisor of batch up to most that leaves at least 2 pairs in a block.
func largestGroups(batch, most int) int {
	g := min(most, batch/2)
	for batch%g != 0 {
		g--
	}
	return g
}
