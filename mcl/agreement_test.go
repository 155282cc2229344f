package mcl

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// NMI and ARI are scikit-learn's on the same tables.
func TestAgreementIsScikitLearns(t *testing.T) {
	raw, err := os.ReadFile("testdata/agreement.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			Name     string
			Table    [][]int64
			NMI, ARI float64
		}
	}
	if err := json.Unmarshal(raw, &golden); err != nil || len(golden.Cases) < 10 {
		t.Fatalf("%d cases, error %v", len(golden.Cases), err)
	}
	for _, c := range golden.Cases {
		table := Contingency{Rows: len(c.Table), Columns: len(c.Table[0]), Cells: slices.Concat(c.Table...)}
		if got := table.NMI(); math.Abs(got-c.NMI) > 1e-12 {
			t.Errorf("%s: NMI %v, want %v", c.Name, got, c.NMI)
		}
		if got := table.ARI(); math.Abs(got-c.ARI) > 1e-12 {
			t.Errorf("%s: ARI %v, want %v", c.Name, got, c.ARI)
		}
	}
}

func TestCrossCountsTheClustersOfTwoStages(t *testing.T) {
	l := &Labels{Origin: Origin{Clusters: 3, Stage: 2}, ByRow: []int32{
		Joint([]int32{0, 2}, 3), Joint([]int32{0, 2}, 3), Unusable, Joint([]int32{1, 0}, 3), Joint([]int32{2, 1}, 3),
	}}
	c, err := l.Cross(0, 1)
	if err != nil || !slices.Equal(c.Cells, []int64{0, 0, 2, 1, 0, 0, 0, 1, 0}) {
		t.Errorf("got %v, %v", c.Cells, err)
	}
	if back, err := l.Cross(1, 0); err != nil || !slices.Equal(back.Cells, []int64{0, 1, 0, 0, 0, 1, 2, 0, 0}) {
		t.Errorf("the other way: %v, %v", back.Cells, err)
	}
	if _, err := l.Cross(0, 2); err == nil {
		t.Error("the clusters of a stage that has none were counted")
	}
}

func TestBalanceOfSizes(t *testing.T) {
	for _, c := range []struct {
		sizes         []int64
		balance, most float64
	}{
		{[]int64{5, 5, 5, 5}, 1, 0.25},
		{[]int64{0, 12, 0}, 0, 1},
		{[]int64{8, 8, 0, 0}, 0.5, 0.5}, // one bit of two
		{[]int64{3}, 1, 1},
		{[]int64{0, 0}, 0, 0},
	} {
		if b, m := Balance(c.sizes), LargestShare(c.sizes); math.Abs(b-c.balance) > 1e-12 || m != c.most {
			t.Errorf("%v: balance %v and largest share %v, want %v and %v", c.sizes, b, m, c.balance, c.most)
		}
	}
}
