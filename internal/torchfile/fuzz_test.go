package torchfile

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seeds are files that fuzzing starts from.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	files := [][]byte{archiveOf(t, part{name: "a/data.pkl", data: pickled("HalfStorage", "0", 4, 1, 2, 1)}, part{name: "a/data/0", data: "aabbccdd"})}
	for _, name := range []string{"state.pt", "script.pt"} {
		raw, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, raw)
	}
	return files
}

// readable wants a file to be refused in one line, or all its tensors to be read and to fit into the file.
func readable(t *testing.T, raw []byte) (refused bool) {
	t.Helper()
	file, err := NewFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		if strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("the error has more than one line: %q", err)
		}
		return true
	}
	for _, name := range file.Names() {
		info, _ := file.Info(name)
		if info.Size > int64(len(raw)) {
			t.Fatalf("%s takes %d bytes, the file has %d", name, info.Size, len(raw))
		}
		section, err := file.Section(name)
		if err != nil && strings.Contains(err.Error(), "checksum") {
			return true
		}
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(section); err != nil || int64(len(data)) != info.Size {
			t.Fatalf("%s: got %d bytes of %d: %v", name, len(data), info.Size, err)
		}
	}
	return false
}

// A short run over damaged files; make fuzz looks longer and further.
func TestDamagedBytesNeverEscape(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, whole := range seeds(t) {
		refused := 0
		for range 2000 {
			bad := bytes.Clone(whole)
			for range 1 + random.IntN(4) {
				bad[random.IntN(len(bad))] ^= byte(1 + random.IntN(255))
			}
			if readable(t, bad) {
				refused++
			}
		}
		if refused < 100 {
			t.Errorf("only %d of 2000 damaged files were refused", refused)
		}
	}
}

func FuzzNewFile(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) { readable(t, raw) })
}
