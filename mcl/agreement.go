package mcl

import (
	"fmt"
	"math"
)

// Contingency counts how two clusterings of the same rows cross: cell i*Columns+j holds the rows in cluster i of the first and
// cluster j of the second.
type Contingency struct {
	Rows, Columns int
	Cells         []int64
}

// Cross returns the contingency table of the clusters that two stages put the same pairs into. l holds the joint labels of its
// stage; first and second number the clusterings from 0, that of the base model's features.
func (l *Labels) Cross(first, second int) (Contingency, error) {
	if first < 0 || second < 0 || first >= l.Stage || second >= l.Stage {
		return Contingency{}, fmt.Errorf("labels of stage %d hold the clusters 0 to %d, not those of %d and %d", l.Stage, l.Stage-1, first, second)
	}
	k := l.Clusters
	c := Contingency{Rows: k, Columns: k, Cells: make([]int64, k*k)}
	for _, label := range l.ByRow {
		if label >= 0 {
			clusters := Clusters(label, k, l.Stage)
			c.Cells[int(clusters[first])*k+int(clusters[second])]++
		}
	}
	return c, nil
}

// Sizes returns how many rows each cluster of the first and of the second clustering has.
func (c Contingency) Sizes() (first, second []int64) {
	first, second = make([]int64, c.Rows), make([]int64, c.Columns)
	for cell, n := range c.Cells {
		first[cell/c.Columns] += n
		second[cell%c.Columns] += n
	}
	return first, second
}

// NMI is the normalised mutual information of the two clusterings, 0 for independent ones and 1 for equal ones, whatever the
// numbers of their clusters: I(A; B) over the mean of H(A) and H(B), as scikit-learn's normalized_mutual_info_score has it. Two
// clusterings of one cluster each are equal.
func (c Contingency) NMI() float64 {
	first, second := c.Sizes()
	joint, a, b := entropy(c.Cells), entropy(first), entropy(second)
	if a == 0 && b == 0 {
		return 1
	}
	return max(0, (a+b-joint)/((a+b)/2))
}

// ARI is the adjusted Rand index (Hubert and Arabie 1985): the share of pairs of rows on which the clusterings agree, scaled
// so that independent ones get 0 on average and equal ones 1. It is scikit-learn's adjusted_rand_score.
func (c Contingency) ARI() float64 {
	first, second := c.Sizes()
	total := int64(0)
	for _, n := range first {
		total += n
	}
	both, a, b := pairsWithin(c.Cells), pairsWithin(first), pairsWithin(second)
	expected := a * b / math.Max(pairsWithin([]int64{total}), 1)
	if most := (a + b) / 2; most != expected {
		return (both - expected) / (most - expected)
	}
	return 1
}

// pairsWithin counts the pairs of rows that share a part.
func pairsWithin(sizes []int64) (pairs float64) {
	for _, n := range sizes {
		pairs += float64(n) * float64(n-1) / 2
	}
	return pairs
}

// Balance is the entropy of the sizes over that of equal sizes: 1 where all clusters are equally large, 0 where one holds all.
func Balance(sizes []int64) float64 {
	if len(sizes) < 2 {
		return 1
	}
	return entropy(sizes) / math.Log(float64(len(sizes)))
}

// LargestShare is the share of the rows that the largest cluster holds.
func LargestShare(sizes []int64) float64 {
	total, largest := int64(0), int64(0)
	for _, n := range sizes {
		total += n
		largest = max(largest, n)
	}
	if total == 0 {
		return 0
	}
	return float64(largest) / float64(total)
}

// entropy of a distribution given by counts, in nats.
func entropy(counts []int64) (sum float64) {
	total := 0.0
	for _, n := range counts {
		total += float64(n)
	}
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / total
			sum -= p * math.Log(p)
		}
	}
	return sum
}
