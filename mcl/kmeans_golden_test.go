package mcl

import (
	"encoding/json"
	"math"
	"os"
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
