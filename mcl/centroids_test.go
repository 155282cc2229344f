package mcl

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestCentroidsComeBackFromTheirFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "centroids.safetensors")
	want := Centroids{Data: []float32{1, 2, 3, 4, 5, 1e-30}, Clusters: 3, Width: 2}
	if err := SaveCentroids(path, want, someOrigin); err != nil {
		t.Fatal(err)
	}
	got, err := LoadCentroids(path, someOrigin)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v)", got, err)
	}
	other := someOrigin
	other.Data = "beef"
	if _, err := LoadCentroids(path, other); err == nil || !strings.Contains(err.Error(), "other data") {
		t.Errorf("centroids of other data: %v", err)
	}
	wide := Centroids{Data: make([]float32, 8), Clusters: 4, Width: 2}
	if err := SaveCentroids(path, wide, someOrigin); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCentroids(path, someOrigin); err == nil || !strings.Contains(err.Error(), "[4 2], want F32 [3, D]") {
		t.Errorf("4 centroids for K = 3: %v", err)
	}
	if err := os.WriteFile(path, []byte("no safetensors"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCentroids(path, someOrigin); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged file: %v", err)
	}
}
