package mcl

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mclclip/mclclip/internal/damage"
)

// Damaged labels, centroids and settings are an error or are read as they were.
func TestDamageAtAThousandPlaces(t *testing.T) {
	dir := t.TempDir()
	origin := Origin{Model: "0123456789abcdef", Data: "d1", Clusters: 3, Stage: 1, Seed: 7}
	shards := []Shard{{Fingerprint: "aaaa", Rows: 120}, {Fingerprint: "bbbb", Rows: 80}}
	labels := NewLabels(200, func(row int64) bool { return row%7 != 3 })
	assigned := make([]int32, 0, 200)
	for row := range 200 {
		if row%7 != 3 {
			assigned = append(assigned, int32(row%3))
		}
	}
	labels, err := labels.Extend(assigned, origin)
	if err != nil {
		t.Fatal(err)
	}
	centroids := Centroids{Clusters: 3, Width: 16, Data: make([]float32, 48)}
	labelsPath, centroidsPath := filepath.Join(dir, labelsFile), filepath.Join(dir, centroidsFile)
	if err := WriteLabels(labelsPath, labels, shards); err != nil {
		t.Fatal(err)
	}
	if err := SaveCentroids(centroidsPath, centroids, origin); err != nil {
		t.Fatal(err)
	}
	for path, read := range map[string]func() error{
		labelsPath: func() error {
			got, err := ReadLabels(labelsPath, origin, shards)
			if err == nil && !slices.Equal(got.ByRow, labels.ByRow) {
				t.Error("the labels were read as others")
			}
			return err
		},
		centroidsPath: func() error {
			got, err := LoadCentroids(centroidsPath, origin)
			if err == nil && (got.Clusters != 3 || got.Width != 16) {
				t.Errorf("the centroids were read as %d of width %d", got.Clusters, got.Width)
			}
			return err
		},
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			damage.Sweep(t, whole, func(damaged []byte) error {
				if err := os.WriteFile(path, damaged, 0o666); err != nil {
					t.Fatal(err)
				}
				return read()
			})
		})
	}
}
