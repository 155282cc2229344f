package safetensors

import (
	"os"
	"testing"

	"github.com/mclclip/mclclip/internal/damage"
)

// A damage leaves the tensors inside the file, or is an error.
func TestDamageAtAThousandPlaces(t *testing.T) {
	whole, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	damage.Sweep(t, whole, func(damaged []byte) error {
		file, err := open(damaged)
		if err != nil {
			return err
		}
		checkInside(t, file, len(damaged))
		return nil
	})
}
