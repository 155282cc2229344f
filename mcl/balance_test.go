package mcl

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// checkCapped checks a clustering of m against what it says of itself and against its limit.
func checkCapped(t *testing.T, m *Matrix, got *Clustering, limit int64) {
	t.Helper()
	sizes, inertia := make([]int64, got.Clusters), 0.0
	for i, c := range got.Assign {
		sizes[c]++
		inertia += squaredDistance(m.Row(i), got.Row(int(c)))
	}
	if !slices.Equal(sizes, got.Sizes) {
		t.Errorf("sizes are %v, counted %v", got.Sizes, sizes)
	}
	if slices.Max(sizes) > limit {
		t.Errorf("sizes %v, want at most %d", sizes, limit)
	}
	if math.Abs(got.Inertia-inertia) > 1e-5*inertia {
		t.Errorf("inertia is said to be %g, it is %g", got.Inertia, inertia)
	}
}

func TestBalancedClustersKeepToTheirLimit(t *testing.T) {
	torchtest.NoLeak(t)
	device := NewTorchNearest(torch.CPU)
	defer device.Close()
	for _, s := range goldenSets(t) {
		m := s.features(t)
		free := mustCluster(t, m, config(s.Clusters))
		natural := float64(slices.Max(free.Sizes)) * float64(s.Clusters) / float64(s.Rows)
		for _, c := range []struct {
			balance float64
			sample  int
			batch   int
		}{{1, 1 << 15, 0}, {1.2, 1 << 15, 0}, {1.2, 300, 0}, {1.2, 300, 200}, {math.Ceil(natural), 1 << 15, 0}} {
			cfg := config(s.Clusters)
			cfg.Balance, cfg.SampleRows, cfg.RowsPerCluster, cfg.BatchRows = c.balance, c.sample, 30, c.batch
			var results []*Clustering
			for range 2 {
				got, err := KMeans(m, device, cfg)
				if err != nil {
					t.Fatal(err)
				}
				results = append(results, got)
			}
			limit := cfg.sizeLimit(int64(s.Rows))
			checkCapped(t, m, results[0], limit)
			if !reflect.DeepEqual(results[0], results[1]) {
				t.Error("two runs give different clusters")
			}
			if c.balance == math.Ceil(natural) && results[0].Inertia > 1.001*free.Inertia {
				t.Errorf("%s: a limit that no cluster reaches changes the inertia from %g to %g", s.Name, free.Inertia, results[0].Inertia)
			}
		}
	}
}

// On a line the best division into halves is known: it splits at the median, wherever the crowd is.
func TestCappedHalvesOfALineSplitAtTheMedian(t *testing.T) {
	m := &Matrix{Columns: 1}
	for i := range 90 {
		m.Data = append(m.Data, float32(i)/100)
	}
	for i := range 10 {
		m.Data = append(m.Data, 50+float32(i)/10)
	}
	cfg := config(2)
	if free := mustCluster(t, m, cfg); slices.Max(free.Sizes) != 90 {
		t.Fatalf("without a bound the sizes are %v, want 90 and 10", free.Sizes)
	}
	cfg.Balance = 1
	got := mustCluster(t, m, cfg)
	checkCapped(t, m, got, 50)
	for i, c := range got.Assign {
		if (c == got.Assign[0]) != (i < 50) {
			t.Fatalf("row %d of 100 is in cluster %d: want the halves", i, c)
		}
	}
}

// With the centroids given, no pair of rows can change places at a gain once the least loss was paid in the order of loss, but for rows
// that met a full cluster; an assignment at random is far above.
func TestCappedRowsLoseLittle(t *testing.T) {
	m := goldenSets(t)[1].features(t)
	free := mustCluster(t, m, config(8))
	capped := &Clustering{Centroids: free.Centroids, Assign: slices.Clone(free.Assign), Sizes: slices.Clone(free.Sizes), Inertia: free.Inertia}
	limit := (KMeansConfig{Clusters: 8, Balance: 1.1}).sizeLimit(m.Len())
	if slices.Max(free.Sizes) <= limit {
		t.Fatal("the clusters are balanced by themselves: the test sees nothing")
	}
	if err := capped.limit(&cut{Matrix: m, rows: []int{7, 300}}, &HostNearest{}, limit); err != nil {
		t.Fatal(err)
	}
	checkCapped(t, m, capped, limit)
	loss := capped.Inertia - free.Inertia

	moved, naive := 0, 0.0 // the same number of rows, taken as they come, to the nearest other cluster
	over := slices.Clone(free.Sizes)
	for i, c := range free.Assign {
		if over[c] > limit {
			over[c]--
			moved++
			least := math.Inf(1)
			for k := range 8 {
				if int32(k) != c {
					least = min(least, squaredDistance(m.Row(i), free.Row(k)))
				}
			}
			naive += least - squaredDistance(m.Row(i), free.Row(int(c)))
		}
	}
	if !(loss > 0 && loss < 0.8*naive) {
		t.Errorf("moving %d rows costs %g, taking any rows %g", moved, loss, naive)
	}
}

func TestSizeLimit(t *testing.T) {
	for _, c := range []struct {
		balance    float64
		rows, want int64
	}{{0, 100, 100}, {1, 100, 34}, {1, 99, 33}, {1.5, 100, 50}, {1.01, 100, 34}, {9, 100, 300}} {
		if got := (KMeansConfig{Clusters: 3, Balance: c.balance}).sizeLimit(c.rows); got != c.want {
			t.Errorf("balance %g of %d rows: %d, want %d", c.balance, c.rows, got, c.want)
		}
	}
	for _, balance := range []float64{0.5, -1, math.NaN(), math.Inf(1)} {
		cfg := config(2)
		if cfg.Balance = balance; cfg.Validate() == nil || !strings.Contains(cfg.Validate().Error(), "--balance") {
			t.Errorf("balance %g: %v", balance, cfg.Validate())
		}
	}
}

func TestBalanceStandsInTheOriginOfLabels(t *testing.T) {
	with := Origin{Model: "m", Data: "d", Clusters: 4, Stage: 1, Balance: 1.5}
	without := with
	without.Balance = 0
	for _, o := range []Origin{with, without} {
		entries := map[string]string{}
		for _, e := range o.footer() {
			entries[e[0]] = e[1]
		}
		back, err := parseFooter(func(key string) (string, bool) { v, ok := entries[key]; return v, ok })
		if err != nil || back != o {
			t.Errorf("%+v comes back as %+v (%v)", o, back, err)
		}
	}
	if err := with.match(without); err == nil || !strings.Contains(err.Error(), "--balance 0, wanted 1.5") {
		t.Errorf("labels of other sizes are taken: %v", err)
	}
}
