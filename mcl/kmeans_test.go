package mcl

import (
	"math"
	"slices"
	"testing"
)

func config(clusters int) KMeansConfig {
	c := DefaultKMeansConfig()
	c.Clusters = clusters
	return c
}

func mustCluster(t testing.TB, features Features, c KMeansConfig) *Clustering {
	t.Helper()
	got, err := KMeans(features, &HostNearest{}, c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// bruteInertia is the inertia with nothing but loops.
func bruteInertia(m *Matrix, c Centroids) float64 {
	sum := 0.0
	for i := range int(m.Len()) {
		least := math.Inf(1)
		for k := range c.Clusters {
			d := 0.0
			for j, v := range m.Row(i) {
				d += math.Pow(float64(v)-float64(c.Row(k)[j]), 2)
			}
			least = min(least, d)
		}
		sum += least
	}
	return sum
}

// The tolerance is for float32 centroids and for runs that stop within the tolerance of a shift. That of the stream is wider, for there
// the starts are compared on less than a third of the rows, and take one of several minima that differ little.
func TestInertiaIsNoWorseThanScikitLearns(t *testing.T) {
	for _, s := range goldenSets(t) {
		t.Run(s.Name, func(t *testing.T) {
			m := s.features(t)
			whole := config(s.Clusters)
			whole.Starts = s.Starts
			streamed := whole
			streamed.SampleRows, streamed.RowsPerCluster = 600, 600/s.Clusters
			for name, c := range map[string]KMeansConfig{"in memory": whole, "streamed": streamed} {
				got := mustCluster(t, m, c)
				if tolerance := map[string]float64{"in memory": 1.001, "streamed": 1.005}[name]; got.Inertia > tolerance*s.Inertia {
					t.Errorf("%s: inertia %.4f, scikit-learn reaches %.4f", name, got.Inertia, s.Inertia)
				}
				if brute := bruteInertia(m, got.Centroids); math.Abs(got.Inertia-brute) > 1e-5*brute {
					t.Errorf("%s: inertia %.6f is reported, the centroids have %.6f", name, got.Inertia, brute)
				}
			}
			guess := Centroids{Data: m.Data[:s.Clusters*s.Width], Clusters: s.Clusters, Width: s.Width}
			if bruteInertia(m, guess) <= 1.1*s.Inertia {
				t.Error("the first rows as centroids pass too: the test sees nothing")
			}
		})
	}
}

func TestAssignIsTheNearestCentroid(t *testing.T) {
	m := blobs(t)
	got := mustCluster(t, m, config(10))
	sizes := make([]int64, 10)
	for i, cluster := range got.Assign {
		sizes[cluster]++
		own := squaredDistance(m.Row(i), got.Row(int(cluster)))
		for k := range 10 {
			if other := squaredDistance(m.Row(i), got.Row(k)); other < own-1e-6 {
				t.Fatalf("row %d is in cluster %d at %g, cluster %d is at %g", i, cluster, own, k, other)
			}
		}
	}
	if !slices.Equal(sizes, got.Sizes) {
		t.Errorf("sizes are %v, counted %v", got.Sizes, sizes)
	}
}

func TestMoreStartsAreNeverWorse(t *testing.T) {
	m := goldenSets(t)[1].features(t)
	last, different := math.Inf(1), 0
	for _, starts := range []int{1, 3, 8} {
		c := config(25) // more than there are blobs, so that starts end in different places
		c.Starts = starts
		got := mustCluster(t, m, c)
		if got.Inertia > last {
			t.Errorf("%d starts give inertia %g, fewer gave %g", starts, got.Inertia, last)
		}
		if got.Inertia < last {
			different++
		}
		last = got.Inertia
	}
	if different < 2 {
		t.Error("no start was better than another: the test sees nothing")
	}
}

func TestInertiaFallsFromPassToPass(t *testing.T) {
	m := goldenSets(t)[1].features(t)
	r := newRun(Centroids{Data: slices.Clone(m.Data[:12*16]), Clusters: 12, Width: 16}, config(12))
	last := math.Inf(1)
	for range 15 {
		if err := r.pass(m, &HostNearest{}, nil); err != nil {
			t.Fatal(err)
		}
		if r.inertia > last {
			t.Fatalf("pass %d has inertia %g after %g", r.passes, r.inertia, last)
		}
		last = r.inertia
		r.update()
	}
}

func TestMiniBatchesComeNearLloyd(t *testing.T) {
	for _, s := range goldenSets(t) {
		c := config(s.Clusters)
		c.SampleRows, c.RowsPerCluster, c.BatchRows = 600, 600/s.Clusters, 500
		if got := mustCluster(t, s.features(t), c); got.Inertia > 1.02*s.Inertia {
			t.Errorf("%s: inertia %.4f, scikit-learn's Lloyd reaches %.4f", s.Name, got.Inertia, s.Inertia)
		}
	}
}
