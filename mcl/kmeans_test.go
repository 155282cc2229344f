package mcl

import (
	"encoding/json"
	"errors"
	"iter"
	"math"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// goldenSet is one of the sets of testdata/kmeans.json, which testdata/reference/kmeans_golden.py makes.
type goldenSet struct {
	Name                                        string
	Rows, Width, Blobs, Share, Clusters, Starts int
	Spread, Shift, Sum, Inertia                 float64
}

func goldenSets(t testing.TB) []goldenSet {
	t.Helper()
	raw, err := os.ReadFile("testdata/kmeans.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct{ Sets []goldenSet }
	if err := json.Unmarshal(raw, &golden); err != nil || len(golden.Sets) == 0 {
		t.Fatalf("testdata/kmeans.json: %v", err)
	}
	return golden.Sets
}

func uniform(counter uint64) float64 {
	z := counter * 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return float64((z^z>>31)>>11) / (1 << 53)
}

func bell(counter uint64) float64 {
	return uniform(4*counter+1) + uniform(4*counter+2) + uniform(4*counter+3) + uniform(4*counter+4) - 2
}

// features computes what the script computes, and checks that it is the same.
func (s goldenSet) features(t testing.TB) *Matrix {
	t.Helper()
	m := &Matrix{Columns: s.Width}
	sum := 0.0
	for i := range s.Rows {
		where := uniform(1<<40 + uint64(i))
		for range s.Share - 1 {
			where *= uniform(1<<40 + uint64(i))
		}
		blob := int(where * float64(s.Blobs))
		for j := range s.Width {
			noise := float64(s.Spread * bell(1<<42+uint64(i*s.Width+j))) // the conversion forbids a fused multiply-add
			m.Data = append(m.Data, float32(bell(1<<41+uint64(blob*s.Width+j))+noise+s.Shift))
			sum += float64(m.Data[len(m.Data)-1])
		}
	}
	if math.Abs(sum-s.Sum) > 1e-6*(1+math.Abs(s.Sum)) {
		t.Fatalf("the features of %q sum up to %v, in the script to %v", s.Name, sum, s.Sum)
	}
	return m
}

func blobs(t testing.TB) *Matrix { return goldenSets(t)[0].features(t) }

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
			streamed.SampleRows = 600
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

// cut yields a matrix in blocks of other sizes and counts the passes.
type cut struct {
	*Matrix
	rows   []int // sizes of the blocks, in turn
	passes int
	fail   error // given after the first block of the second pass
}

func (c *cut) Blocks() iter.Seq2[[]float32, error] {
	c.passes++
	return func(yield func([]float32, error) bool) {
		rest := c.Data
		for i := 0; len(rest) > 0; i++ {
			if i > 0 && c.passes > 1 && c.fail != nil {
				yield(nil, c.fail)
				return
			}
			n := min(c.rows[i%len(c.rows)]*c.Columns, len(rest))
			if !yield(slices.Clone(rest[:n]), nil) {
				return
			}
			rest = rest[n:]
		}
	}
}

func TestClusteringDependsOnSeedAndFeaturesAlone(t *testing.T) {
	m := goldenSets(t)[1].features(t)
	for name, batch := range map[string]int{"Lloyd": 0, "mini-batch": 300} {
		t.Run(name, func(t *testing.T) {
			c := config(10)
			c.SampleRows, c.BatchRows, c.Starts = 600, batch, 2
			want := mustCluster(t, m, c)
			if got := mustCluster(t, &cut{Matrix: m, rows: []int{7, 1, 400}}, c); !reflect.DeepEqual(got, want) {
				t.Error("other block sizes give another clustering")
			}
			old := runtime.GOMAXPROCS(1)
			alone := mustCluster(t, m, c)
			runtime.GOMAXPROCS(7)
			seven := mustCluster(t, m, c)
			runtime.GOMAXPROCS(old)
			if !reflect.DeepEqual(alone, want) || !reflect.DeepEqual(seven, want) {
				t.Error("another number of processors gives another clustering")
			}
			if c.Seed = 1; reflect.DeepEqual(mustCluster(t, m, c), want) {
				t.Error("another seed gives the same clustering to the last bit")
			}
		})
	}
}

func TestFeaturesAreReadAFewTimesAndNotHeld(t *testing.T) {
	features := &cut{Matrix: goldenSets(t)[0].features(t), rows: []int{100}}
	c := config(10)
	c.SampleRows = 400
	got := mustCluster(t, features, c)
	if features.passes != got.Passes+2 || got.Passes > 10 {
		t.Errorf("%d updates took %d passes, want 2 more than updates and few of them", got.Passes, features.passes)
	}
	seen, err := survey(features, c)
	if err != nil || seen.sample.Len() != 400 {
		t.Errorf("the sample has %d rows, want 400 (%v)", seen.sample.Len(), err)
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
		c.SampleRows, c.BatchRows = 600, 500
		if got := mustCluster(t, s.features(t), c); got.Inertia > 1.02*s.Inertia {
			t.Errorf("%s: inertia %.4f, scikit-learn's Lloyd reaches %.4f", s.Name, got.Inertia, s.Inertia)
		}
	}
}

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
