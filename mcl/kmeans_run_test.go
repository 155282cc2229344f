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
		c.Spherical, c.BatchRows, c.SampleRows, c.RowsPerCluster = true, batch, 400, 40
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
		if err := r.refine(m, &HostNearest{}, 0, 0); err != nil {
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

// Over more rows than the sample holds the passes end when they gain little, and little is lost by that.
func TestPassesEndWhenTheyGainLittle(t *testing.T) {
	m := &Matrix{Columns: 4, Data: make([]float32, 4*3000)}
	for i := range m.Data {
		m.Data[i] = float32(bell(uint64(i))) // no clusters to find: it takes many passes
	}
	c := config(10)
	c.SampleRows, c.RowsPerCluster, c.Tolerance, c.Starts = 330, 33, 0, 1
	c.MinGain = 0
	long := mustCluster(t, m, c)
	c.MinGain = 1e-2
	short := mustCluster(t, m, c)
	if short.Passes >= long.Passes {
		t.Errorf("%d passes with a least gain, %d without", short.Passes, long.Passes)
	}
	if short.Inertia < long.Inertia || short.Inertia > 1.05*long.Inertia {
		t.Errorf("inertia %g with a least gain, %g without; want no more than 5 %% above", short.Inertia, long.Inertia)
	}
	c.SampleRows = len(m.Data) // the sample is the whole: to the end
	if whole := mustCluster(t, m, c); whole.Inertia > short.Inertia {
		t.Errorf("over the whole: inertia %g, above %g", whole.Inertia, short.Inertia)
	}
}

// The widths are such that every lane, stretch and rest of a row is used.
func TestSumsOverRows(t *testing.T) {
	for _, d := range []int{1, 7, 8, 16, 33, 1024, 1100} {
		x, centres := make([]float32, 5*d), make([]float32, 3*d)
		for i := range x {
			x[i] = float32(bell(uint64(i)))
		}
		for i := range centres {
			centres[i] = float32(bell(uint64(1<<20 + i)))
		}
		cluster := []int32{2, 0, 1, 2, 2}
		got := make([]float64, 5)
		distances(x, Centroids{Data: centres, Clusters: 3, Width: d}, cluster, got)
		picked := make([]float64, 2)
		distancesTo(centres[:d], &Matrix{Data: x, Columns: d}, []int64{4, 1}, picked)
		sums, shift := make([]float64, 3*d), make([]float64, d)
		addRows(sums, x, cluster, d)
		square := addDifferences(shift, x, centres[d:2*d])

		near := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-5*math.Abs(want)+1e-7 {
				t.Errorf("width %d: %s is %g, want %g", d, what, got, want)
			}
		}
		wantSquare, wantSums, wantShift := 0.0, make([]float64, 3*d), make([]float64, d)
		for i, c := range cluster {
			row := x[i*d : (i+1)*d]
			near("a distance", got[i], squaredDistance(row, centres[int(c)*d:int(c+1)*d]))
			wantSquare += squaredDistance(row, centres[d:2*d])
			for j, v := range row {
				wantSums[int(c)*d+j] += float64(v)
				wantShift[j] += float64(v) - float64(centres[d+j])
			}
		}
		near("a picked distance", picked[0], squaredDistance(x[4*d:], centres[:d]))
		near("a picked distance", picked[1], squaredDistance(x[d:2*d], centres[:d]))
		near("the sum of squares", square, wantSquare)
		for j := range wantSums {
			near("a sum", sums[j], wantSums[j])
		}
		for j := range wantShift {
			near("a shift", shift[j], wantShift[j])
		}
	}
}
