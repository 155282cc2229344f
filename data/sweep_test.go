package data

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mclclip/mclclip/internal/damage"
)

// A damaged shard is an error, costs rows that are counted as skipped, or is read as it was: no image turns up in a wrong row.
func TestDamageAtAThousandPlaces(t *testing.T) {
	dir := t.TempDir()
	path := writeFile(t, filepath.Join(dir, "own.parquet"), 0, 40, 20, hfRowOf)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damage.Sweep(t, whole, func(damaged []byte) error {
		return readDamaged(t, damagedFile(t, dir, damaged), segmentBytes, true)
	})
}
