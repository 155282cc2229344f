package torchfile

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/mclclip/mclclip/internal/damage"
)

// A damage of the archive, its pickle or its tensors is an error, or leaves the tensors as they were: each member has a checksum.
func TestDamageAtAThousandPlaces(t *testing.T) {
	for _, name := range []string{"state.pt", "script.pt"} {
		whole, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{}
		damage.Sweep(t, whole, func(damaged []byte) error {
			got := map[string][]byte{}
			if err := readAll(damaged, got); err != nil {
				return err
			}
			if len(want) == 0 {
				want = got
			}
			for tensor, data := range want {
				if other, ok := got[tensor]; !ok || !bytes.Equal(other, data) {
					t.Errorf("%s: tensor %s was read as another one", name, tensor)
				}
			}
			return nil
		})
	}
}

func readAll(raw []byte, into map[string][]byte) error {
	file, err := NewFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return err
	}
	for _, name := range file.Names() {
		section, err := file.Section(name)
		if err != nil {
			return err
		}
		if into[name], err = io.ReadAll(section); err != nil {
			return err
		}
	}
	return nil
}
