package mcl

import (
	"iter"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

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
			c.SampleRows, c.RowsPerCluster, c.BatchRows, c.Starts = 600, 60, batch, 2
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

// blocksOnly has features that are read block by block alone.
type blocksOnly struct{ Features }

// wide has more rows than the sample of 4 clusters holds, with 250 rows a cluster.
func wide() (*Matrix, KMeansConfig) {
	m := &Matrix{Columns: 6, Data: make([]float32, 6*20_000)}
	for i := range m.Data {
		m.Data[i] = float32(bell(uint64(i)) + 3*bell(1<<50+uint64(i/6%11*6+i%6)))
	}
	c := config(4)
	c.SampleRows, c.RowsPerCluster, c.Starts = 300, 250, 2
	return m, c
}

func TestLargeFeaturesAreReadOnceAndNotHeld(t *testing.T) {
	m, c := wide()
	features := &cut{Matrix: m, rows: []int{100}}
	got := mustCluster(t, blocksOnly{features}, c)
	if features.passes != 2 || got.Passes != 0 {
		t.Errorf("%d passes with %d updates, want one for the sample and one for the clusters", features.passes, got.Passes)
	}
	features.passes = 0
	if again := mustCluster(t, features, c); features.passes != 1 || !reflect.DeepEqual(again, got) {
		t.Errorf("with rows read singly: %d passes, want one and the same result", features.passes)
	}
	if brute := bruteInertia(m, got.Centroids); math.Abs(got.Inertia-brute) > 1e-5*brute {
		t.Errorf("inertia %g is reported, the centroids have %g", got.Inertia, brute)
	}
	c.SampleRows = len(m.Data)
	whole := mustCluster(t, features, c)
	if excess := got.Inertia/whole.Inertia - 1; excess > 0.02 || excess <= 0 {
		t.Errorf("a sample of 1,000 rows ends %.2f %% above all rows, want up to 2 %%", 100*excess)
	}
}

func TestAllFeaturesUpdateTheCentroidsWhileThatGains(t *testing.T) {
	m, c := wide()
	sampled := mustCluster(t, m, c)
	c.MinGain = 1e-4 // less than 4 clusters of 1,000 rows leave to gain
	gained := mustCluster(t, m, c)
	if gained.Passes < 1 || gained.Inertia >= sampled.Inertia {
		t.Errorf("inertia %g after %d updates, %g of the sample", gained.Inertia, gained.Passes, sampled.Inertia)
	}
	c.MaxPasses = 1
	if got := mustCluster(t, m, c); got.Passes != 1 {
		t.Errorf("%d updates, want the one that is allowed", got.Passes)
	}
}

// Nearly all rows are one point, and those that are not are hardly in a sample of 100 of 20,000.
func TestEmptyClustersOfALargeRunAreSeededAnew(t *testing.T) {
	m := &Matrix{Columns: 1, Data: make([]float32, 20_000)}
	m.Data[7], m.Data[8] = 5, -5
	c := config(3)
	c.SampleRows, c.RowsPerCluster = 100, 10
	got := mustCluster(t, m, c)
	if slices.Contains(got.Sizes, 0) || got.Inertia != 0 {
		t.Errorf("sizes %v with inertia %g, want the three values apart", got.Sizes, got.Inertia)
	}
	m.Data[7], m.Data[8] = 0, 0
	if _, err := KMeans(m, &HostNearest{}, c); err == nil || !strings.Contains(err.Error(), "all 20000 feature rows are equal") {
		t.Errorf("equal rows: %v", err)
	}
	for i := range m.Data {
		m.Data[i] = float32(i % 100)
	}
	m.Data[19_999] = float32(math.NaN())
	if _, err := KMeans(m, &HostNearest{}, c); err == nil || !strings.Contains(err.Error(), "feature row 19999 holds") {
		t.Errorf("a row outside the sample that is not finite: %v", err)
	}
}

// Data are often sorted, by class or by source; the starts see the first part of a sample even where it is all rows.
func TestSortedFeaturesAreClusteredAsWellAsOthers(t *testing.T) {
	const blobs, each, width = 32, 300, 8
	m := &Matrix{Columns: width, Data: make([]float32, blobs*each*width)}
	for i := range m.Data {
		blob := i / width / each
		m.Data[i] = float32(0.05*bell(uint64(i)) + bell(1<<50+uint64(blob*width+i%width)))
	}
	c := config(blobs)
	whole := mustCluster(t, m, c)
	c.SampleRows = 600 // and 1,000 rows a cluster, which are more than there are
	if got := mustCluster(t, m, c); got.Inertia > 1.05*whole.Inertia {
		t.Errorf("inertia %g of rows sorted by blob, %g where all starts see all of them", got.Inertia, whole.Inertia)
	}
}

func TestSampleIsDrawnInRandomOrderWithoutReplacement(t *testing.T) {
	m := &Matrix{Columns: 1, Data: make([]float32, 5000)}
	for i := range m.Data {
		m.Data[i] = float32(i)
	}
	sample, err := drawSample(m, 2000, 1)
	if err != nil {
		t.Fatal(err)
	}
	if slices.IsSorted(sample.Data) {
		t.Error("the rows come in order: the first ones are no sample")
	}
	mean := 0.0
	for _, v := range sample.Data[:500] {
		mean += float64(v) / 500
	}
	if math.Abs(mean-2500) > 4*5000/math.Sqrt(12*500) {
		t.Errorf("the first 500 have the mean %g", mean)
	}
	if seen := slices.Compact(slices.Sorted(slices.Values(sample.Data))); len(seen) != 2000 {
		t.Errorf("%d different rows", len(seen))
	}
}
