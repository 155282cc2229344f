package mcl

import (
	"math"
	"slices"
	"testing"
)

func TestSphericalCentroidsHaveLengthOne(t *testing.T) {
	m := blobs(t)
	if err := Normalize(m.Data, m.Columns); err != nil {
		t.Fatal(err)
	}
	for name, batch := range map[string]int{"Lloyd": 0, "mini-batch": 300} {
		c := config(10)
		c.Spherical, c.BatchRows, c.SampleRows = true, batch, 400
		got := mustCluster(t, m, c)
		for k := range 10 {
			if length := math.Sqrt(squaredDistance(got.Row(k), make([]float32, 8))); math.Abs(length-1) > 1e-6 {
				t.Errorf("%s: centroid %d has length %g", name, k, length)
			}
		}
	}
	plain := mustCluster(t, m, config(10))
	if length := squaredDistance(plain.Row(0), make([]float32, 8)); length > 0.9999 {
		t.Errorf("plain centroids have length %g too: the test sees nothing", length)
	}
}

func TestEmptyClustersTakeTheFarthestRows(t *testing.T) {
	m := &Matrix{Columns: 1, Data: []float32{0, 1, 2, 3, 50, 51, 100}}
	start := Centroids{Data: []float32{1, 1, 1}, Clusters: 3, Width: 1}
	for name, batch := range map[string]int{"Lloyd": 0, "mini-batch": 2} {
		c := config(3)
		c.BatchRows = batch
		r := newRun(Centroids{Data: slices.Clone(start.Data), Clusters: 3, Width: 1}, c)
		if err := r.pass(m, &HostNearest{}, nil); err != nil {
			t.Fatal(err)
		}
		if shift := r.update(); !math.IsInf(shift, 1) {
			t.Errorf("%s: the shift is %g after a new seed, want infinite so that the run goes on", name, shift)
		}
		if err := r.refine(m, &HostNearest{}, 0); err != nil {
			t.Fatal(err)
		}
		got, err := r.finish(m, &HostNearest{})
		if err != nil || batch == 0 && !slices.Equal(slices.Sorted(slices.Values(got.Sizes)), []int64{1, 2, 4}) || slices.Contains(got.Sizes, 0) {
			t.Errorf("%s: sizes are %v (%v)", name, got.Sizes, err)
		}
	}
}

func TestFarthestKeepsDifferentRows(t *testing.T) {
	var f farthest
	for i := range 100 {
		d := float64(i * 37 % 100)
		for range 2 { // each row twice
			f.offer(d, int64(i), 0, []float32{float32(d)})
		}
	}
	f.offer(0, 7, 0, []float32{0})
	for i, p := range f.descending() {
		if want := float64(99 - i); p.distance != want || p.vector[0] != float32(want) || p.row*37%100 != int64(want) {
			t.Errorf("place %d is row %d at %g, want %g", i, p.row, p.distance, want)
		}
	}
	if len(f.points) != farthestKept {
		t.Errorf("%d are kept", len(f.points))
	}
}

func TestFewerDifferentRowsThanClusters(t *testing.T) {
	m := &Matrix{Columns: 2, Data: slices.Repeat([]float32{1, 2, 3, 4, 5, 6}, 10)}
	got := mustCluster(t, m, config(5))
	if used := slices.DeleteFunc(slices.Clone(got.Sizes), func(n int64) bool { return n == 0 }); len(used) != 3 || got.Inertia > 1e-9 {
		t.Errorf("sizes are %v with inertia %g, want three clusters that fit exactly", got.Sizes, got.Inertia)
	}
}
