package mcl

import (
	"math"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// checkNearest compares with distances in float64; a wrong choice is one that is farther by more than float32 can tell.
func checkNearest(t *testing.T, nearest Nearest, m *Matrix, c Centroids) (wrong int) {
	t.Helper()
	if err := nearest.Load(c); err != nil {
		t.Fatal(err)
	}
	cluster := make([]int32, m.Len())
	if err := nearest.Assign(m.Data, cluster); err != nil {
		t.Fatal(err)
	}
	for i, chosen := range cluster {
		least := math.Inf(1)
		for k := range c.Clusters {
			least = min(least, squaredDistance(m.Row(i), c.Row(k)))
		}
		if squaredDistance(m.Row(i), c.Row(int(chosen))) > least*(1+1e-4)+1e-4 {
			wrong++
		}
	}
	return wrong
}

func TestNearestFindsTheNearestCentroid(t *testing.T) {
	torchtest.NoLeak(t)
	device := NewTorchNearest(torch.CPU)
	defer device.Close()
	for _, s := range goldenSets(t) { // one of them lies far from zero
		m := s.features(t)
		c := Centroids{Data: m.Data[:40*s.Width], Clusters: 40, Width: s.Width}
		for name, nearest := range map[string]Nearest{"host": &HostNearest{}, "torch": device} {
			if wrong := checkNearest(t, nearest, m, c); wrong > 0 {
				t.Errorf("%s: %s: %d of %d rows have a nearer centroid", s.Name, name, wrong, s.Rows)
			}
		}
	}
}

func TestClusteringByTorchIsAsGood(t *testing.T) {
	torchtest.NoLeak(t)
	s := goldenSets(t)[0]
	device := NewTorchNearest(torch.CPU)
	defer device.Close()
	got, err := KMeans(s.features(t), device, config(s.Clusters))
	if err != nil || got.Inertia > 1.001*s.Inertia {
		t.Errorf("inertia %.4f, scikit-learn reaches %.4f (%v)", got.Inertia, s.Inertia, err)
	}
}

func TestNearestNeedsCentroidsOfTheRowsWidth(t *testing.T) {
	torchtest.NoLeak(t)
	device := NewTorchNearest(torch.CPU)
	defer device.Close()
	for name, nearest := range map[string]Nearest{"host": &HostNearest{}, "torch": device} {
		if err := nearest.Assign(make([]float32, 4), make([]int32, 2)); err == nil {
			t.Errorf("%s: rows were assigned to no centroids", name)
		}
		if err := nearest.Load(Centroids{Data: make([]float32, 6), Clusters: 2, Width: 3}); err != nil {
			t.Fatal(err)
		}
		if err := nearest.Assign(make([]float32, 4), make([]int32, 2)); err == nil {
			t.Errorf("%s: rows of 2 numbers were assigned to centroids of 3", name)
		}
	}
}

func benchmarkNearest(b *testing.B, nearest Nearest) {
	m := &Matrix{Columns: 768, Data: make([]float32, 768*4096)}
	for i := range m.Data {
		m.Data[i] = float32(uniform(uint64(i)))
	}
	if err := nearest.Load(Centroids{Data: m.Data[:768*10], Clusters: 10, Width: 768}); err != nil {
		b.Fatal(err)
	}
	cluster := make([]int32, m.Len())
	for b.Loop() {
		if err := nearest.Assign(m.Data, cluster); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(cluster))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkHostNearest(b *testing.B) { benchmarkNearest(b, &HostNearest{}) }
func BenchmarkTorchNearest(b *testing.B) {
	device := NewTorchNearest(torch.CPU)
	defer device.Close()
	benchmarkNearest(b, device)
}
