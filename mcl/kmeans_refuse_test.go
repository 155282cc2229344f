package mcl

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestFeaturesThatCannotBeClusteredAreRefused(t *testing.T) {
	with := func(at int, v float64) *Matrix {
		m := &Matrix{Columns: 2, Data: []float32{1, 2, 3, 4, 5, 6, 7, 8}}
		m.Data[at] = float32(v)
		return m
	}
	short := &cut{Matrix: with(0, 0), rows: []int{2}, fail: errors.New("disk on fire")}
	cases := []struct {
		name     string
		features Features
		change   func(*KMeansConfig)
		says     string
	}{
		{"more clusters than rows", with(0, 0), func(c *KMeansConfig) { c.Clusters = 5 }, "--clusters 5 for 4 rows"},
		{"all equal", &Matrix{Columns: 2, Data: slices.Repeat([]float32{3, 4}, 9)}, nil, "all 9 feature rows are equal"},
		{"NaN", with(5, math.NaN()), nil, "feature row 2 holds a value that is not finite"},
		{"NaN in the first row", with(0, math.NaN()), nil, "is not finite"},
		{"infinite", with(6, math.Inf(1)), nil, "feature row 3 holds a value that is not finite"},
		{"the reader fails", short, func(c *KMeansConfig) { c.BatchRows = 3 }, "disk on fire"},
		{"rows are missing", lacking{with(0, 0)}, nil, "a pass gave 4 rows of features, want 5"},
		{"one cluster", with(0, 0), func(c *KMeansConfig) { c.Clusters = 1 }, "1 clusters"},
		{"no start", with(0, 0), func(c *KMeansConfig) { c.Starts = 0 }, "0 starts"},
		{"no pass", with(0, 0), func(c *KMeansConfig) { c.MaxPasses = 0 }, "0 passes"},
		{"negative tolerance", with(0, 0), func(c *KMeansConfig) { c.Tolerance = -1 }, "tolerance -1"},
		{"negative batch", with(0, 0), func(c *KMeansConfig) { c.BatchRows = -1 }, "-1 rows"},
		{"rows for a cluster", with(0, 0), func(c *KMeansConfig) { c.RowsPerCluster = -1 }, "-1 rows a cluster"},
		{"negative sample", with(0, 0), func(c *KMeansConfig) { c.SampleRows = -1 }, "-1 rows"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := config(2)
			if c.change != nil {
				c.change(&cfg)
			}
			if _, err := KMeans(c.features, &HostNearest{}, cfg); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
		})
	}
}

// lacking promises a row more than it has.
type lacking struct{ *Matrix }

func (l lacking) Len() int64 { return l.Matrix.Len() + 1 }
