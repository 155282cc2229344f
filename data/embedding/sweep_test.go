package embedding

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mclclip/mclclip/internal/damage"
)

// The formats have no checksum of their own, so a changed number is a changed number; but every row and column must be there.
func TestDamageAtAThousandPlaces(t *testing.T) {
	for layout, name := range map[string]string{"parquet": "*.parquet", "npy": "img_emb/*.npy"} {
		t.Run(layout, func(t *testing.T) {
			dir, rows := exported(t, layout, Float32, 7)
			files, err := filepath.Glob(filepath.Join(dir, name))
			if err != nil || len(files) != 1 {
				t.Fatalf("files %v, error %v", files, err)
			}
			whole, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			damage.Sweep(t, whole, func(damaged []byte) error {
				if err := os.WriteFile(files[0], damaged, 0o666); err != nil {
					t.Fatal(err)
				}
				s, err := Read(dir)
				if err != nil {
					return err
				}
				for _, side := range [][][]float32{s.Image, s.Text} {
					if len(side) != 0 && (len(side) != len(rows) || len(side[0]) != 3) {
						t.Errorf("%d rows of %d without an error", len(side), len(side[0]))
					}
				}
				_, err = s.Column("caption")
				return err
			})
		})
	}
}
