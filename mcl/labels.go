package mcl

import (
	"fmt"
	"math"
	"slices"
)

// Unusable is the cluster and the label of a row that takes no part in training.
const Unusable int32 = -1

// Joint returns the label of a pair after the stages whose clusters are given, oldest first: label(0) = 0 and
// label(s) = label(s-1)*K + c(s-1), so the tuple of clusters read as a number in base K (the accumulated label; the
// same author restates it in arXiv 2409.19291, section 3). CheckConstraint keeps the label within 31 bits.
func Joint(clusters []int32, k int) int32 {
	label := int32(0)
	for _, cluster := range clusters {
		label = label*int32(k) + cluster
	}
	return label
}

// Clusters is the inverse of Joint: the clusters c(0)..c(stage-1) of which label is made.
func Clusters(label int32, k, stage int) []int32 {
	clusters := make([]int32, stage)
	for s := stage - 1; s >= 0; s-- {
		clusters[s] = label % int32(k)
		label /= int32(k)
	}
	return clusters
}

// Labels holds label(s) of every row of a data set, 4 bytes a row.
type Labels struct {
	Origin
	ByRow []int32 // label, or Unusable
}

// NewLabels returns label(0): 0 for every row of the data set that good accepts, Unusable for the others.
func NewLabels(rows int64, good func(row int64) bool) *Labels {
	labels := &Labels{ByRow: make([]int32, rows)}
	for row := range labels.ByRow {
		if !good(int64(row)) {
			labels.ByRow[row] = Unusable
		}
	}
	return labels
}

// Extend returns label(s) from label(s-1), the receiver. assign holds the clusters c(s-1) of the usable rows in row order, which is
// the order in which they are embedded and clustered. origin says how the clusters came about; its Stage is set here. The result takes
// over the receiver's rows, which is empty then: of a hundred million rows a second copy would be 400 MB. An error changes nothing.
func (l *Labels) Extend(assign []int32, origin Origin) (*Labels, error) {
	if l.Stage > 0 && l.Clusters != origin.Clusters {
		return nil, fmt.Errorf("labels of stage %d have %d clusters a stage, the new ones %d: keep --clusters for all stages", l.Stage, l.Clusters, origin.Clusters)
	}
	if err := l.fits(assign, origin.Clusters); err != nil {
		return nil, err
	}
	used := 0
	for row, label := range l.ByRow {
		if label >= 0 {
			l.ByRow[row] = label*int32(origin.Clusters) + assign[used]
			used++
		}
	}
	origin.Stage = l.Stage + 1
	next := &Labels{Origin: origin, ByRow: l.ByRow}
	l.ByRow = nil
	return next, nil
}

// Clone returns labels that stay when these are extended.
func (l *Labels) Clone() *Labels {
	return &Labels{Origin: l.Origin, ByRow: slices.Clone(l.ByRow)}
}

// fits checks that every usable row has a cluster of k, and that the joint label is a number of 31 bits.
func (l *Labels) fits(assign []int32, clusters int) error {
	k, used := int64(clusters), 0
	for row, label := range l.ByRow {
		if label < 0 {
			continue
		}
		if used == len(assign) {
			return fmt.Errorf("labels: row %d has no cluster: only %d of the usable rows were clustered", row, used)
		}
		cluster := int64(assign[used])
		used++
		if joint := int64(label)*k + cluster; cluster < 0 || cluster >= k || joint > math.MaxInt32 {
			return fmt.Errorf("labels: row %d: cluster %d of %d after label %d is out of range", row, cluster, k, label)
		}
	}
	if used != len(assign) {
		return fmt.Errorf("labels: %d rows were clustered but only %d are usable", len(assign), used)
	}
	return nil
}

// Usable counts the rows that have a label.
func (l *Labels) Usable() (n int64) {
	for _, label := range l.ByRow {
		if label >= 0 {
			n++
		}
	}
	return n
}

// Sizes counts the pairs of each label: K^s numbers, many of them 0 where clusters of two stages go together.
func (l *Labels) Sizes() []int64 {
	count := int64(1)
	for range l.Stage {
		count *= int64(l.Clusters)
	}
	sizes := make([]int64, count)
	for _, label := range l.ByRow {
		if label >= 0 {
			sizes[label]++
		}
	}
	return sizes
}
