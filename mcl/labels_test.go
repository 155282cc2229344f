package mcl

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// stageClusters draws the clusters of n rows for each of three stages.
func stageClusters(n, k int) [3][]int32 {
	random := rand.New(rand.NewPCG(1, 2))
	var stages [3][]int32
	for s := range stages {
		stages[s] = make([]int32, n)
		for i := range stages[s] {
			stages[s][i] = random.Int32N(int32(k))
		}
	}
	return stages
}

// checkTuples compares labels with an encoding that shares nothing with them, the clusters written out as text: two rows must have one
// label exactly where they have one tuple.
func checkTuples(labels []int32, stages ...[]int32) error {
	labelOf, tupleOf := map[string]int32{}, map[int32]string{}
	for row, label := range labels {
		tuple := ""
		for _, clusters := range stages {
			tuple += fmt.Sprint(clusters[row], "/")
		}
		if known, ok := labelOf[tuple]; ok && known != label {
			return fmt.Errorf("row %d: tuple %s has the labels %d and %d", row, tuple, known, label)
		}
		if known, ok := tupleOf[label]; ok && known != tuple {
			return fmt.Errorf("row %d: label %d stands for %s and %s", row, label, known, tuple)
		}
		labelOf[tuple], tupleOf[label] = label, tuple
	}
	return nil
}

func everyRow(int64) bool { return true }

func TestLabelIsTheTupleOfClustersOverThreeStages(t *testing.T) {
	const n, k = 4000, 7
	stages := stageClusters(n, k)
	labels := NewLabels(n, everyRow)
	for s := range stages {
		next, err := labels.Extend(stages[s], Origin{Clusters: k})
		if err != nil {
			t.Fatal(err)
		}
		labels = next
		if err := checkTuples(labels.ByRow, stages[:s+1]...); err != nil {
			t.Errorf("stage %d: %v", s+1, err)
		}
		if labels.Stage != s+1 {
			t.Errorf("the stage is %d, want %d", labels.Stage, s+1)
		}
	}
	for row, label := range labels.ByRow {
		tuple := []int32{stages[0][row], stages[1][row], stages[2][row]}
		if !slices.Equal(Clusters(label, k, 3), tuple) || Joint(tuple, k) != label {
			t.Fatalf("row %d: label %d of %v comes back as %v", row, label, tuple, Clusters(label, k, 3))
		}
	}
}

// The authors' loop loads the file of the last stage for every stage.
func TestClustersOfTheLastStageRepeatedAreNoLabel(t *testing.T) {
	const n, k = 4000, 7
	stages := stageClusters(n, k)
	repeated := NewLabels(n, everyRow)
	for range stages {
		repeated, _ = repeated.Extend(stages[2], Origin{Clusters: k})
	}
	if err := checkTuples(repeated.ByRow, stages[:]...); err == nil {
		t.Error("labels of the last stage's clusters alone passed as tuples of three stages")
	}
}

func TestClustersGoToTheUsableRowsInOrder(t *testing.T) {
	labels := NewLabels(5, func(row int64) bool { return row != 0 && row != 3 })
	labels, err := labels.Extend([]int32{2, 0, 1}, Origin{Clusters: 3})
	if err != nil {
		t.Fatal(err)
	}
	labels, err = labels.Extend([]int32{1, 1, 2}, Origin{Clusters: 3})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int32{-1, 2*3 + 1, 0*3 + 1, -1, 1*3 + 2}; !slices.Equal(labels.ByRow, want) {
		t.Errorf("labels are %v, want %v", labels.ByRow, want)
	}
	if sizes := labels.Sizes(); labels.Usable() != 3 || !slices.Equal(sizes, []int64{0, 1, 0, 0, 0, 1, 0, 1, 0}) {
		t.Errorf("%d usable rows with sizes %v", labels.Usable(), sizes)
	}
}

func TestClustersThatDoNotFitAreRefused(t *testing.T) {
	three := NewLabels(3, everyRow)
	staged, err := NewLabels(3, everyRow).Extend([]int32{0, 1, 1}, Origin{Clusters: 2})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name     string
		from     *Labels
		assign   []int32
		clusters int
		says     string
	}{
		{"too few", three, []int32{0, 1}, 2, "row 2 has no cluster"},
		{"too many", three, []int32{0, 1, 1, 1}, 2, "4 rows were clustered but only 3 are usable"},
		{"cluster out of range", three, []int32{0, 1, 2}, 2, "row 2: cluster 2 of 2"},
		{"negative cluster", three, []int32{0, -1, 1}, 2, "row 1: cluster -1 of 2"},
		{"other number of clusters", staged, []int32{0, 1, 1}, 3, "keep --clusters"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.from.Extend(c.assign, Origin{Clusters: c.clusters}); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
			if want := []int32{0, 0, 0}; c.from == three && !slices.Equal(three.ByRow, want) {
				t.Errorf("the refusal changed the labels to %v", three.ByRow)
			}
		})
	}
	huge := &Labels{Origin: Origin{Stage: 1, Clusters: 1 << 20}, ByRow: []int32{1 << 19}}
	if _, err := huge.Extend([]int32{0}, Origin{Clusters: 1 << 20}); err == nil {
		t.Error("a label past 31 bits was accepted")
	}
}
