package data

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// readDamaged goes the whole way from file to batches. It returns an error for one that a user would see; rows that are
// skipped and rows that are right are no error. If strict, it fails the test when an image turns up in a row that is not its own.
func readDamaged(t testing.TB, path string, limit int64, strict bool) error {
	s, err := open([]string{path}, Options{}, limit)
	if err != nil {
		return err
	}
	if s.Rows() > 1<<20 {
		return fmt.Errorf("%d rows", s.Rows())
	}
	x, err := Scan(context.Background(), s, checkTestImage, testReason, ScanConfig{Workers: 1})
	if err != nil {
		return err
	}
	l := NewLoader(context.Background(), x, NewPlain(1, nil), Cursor{}, testTransform, LoaderConfig{Workers: 1, Prefetch: 1})
	defer l.Close()
	for range x.Usable() {
		b, err := l.Next()
		if err != nil {
			return err
		}
		if n := int64(b.Images[0]); strict && n != b.Rows[0] {
			t.Errorf("image %d turned up in row %d", n, b.Rows[0])
		}
	}
	return nil
}

func damagedFile(t testing.TB, dir string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, "damaged.parquet")
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDamagedFilesGiveErrorsOrSkips changes bytes at random places and cuts files: nothing may panic or hang, and no image
// may turn up in a wrong row where the file lets one see it.
func TestDamagedFilesGiveErrorsOrSkips(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	random := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	files := append(pyarrowFiles(t), writeFile(t, filepath.Join(dir, "own.parquet"), 0, 60, 25, hfRowOf))
	harmless, errors := 0, 0
	slowest := time.Duration(0)
	for _, file := range files {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// A changed index into a dictionary is another image: without checksums nothing tells that it is wrong.
		strict := slices.ContainsFunc([]string{"zstd", "none", "plain", "delta", "crc", "own"}, func(name string) bool {
			return strings.Contains(filepath.Base(file), name)
		})
		for round := range rounds {
			content := append([]byte(nil), whole...)
			if round%6 == 0 {
				content = content[:random.IntN(len(content))]
			} else {
				for range 1 + round%3 {
					content[random.IntN(len(content))] ^= 1 << random.IntN(8)
				}
			}
			start := time.Now()
			if err := readDamaged(t, damagedFile(t, dir, content), []int64{segmentBytes, 1000}[round%2], strict); err != nil {
				errors++
				if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "damaged.parquet") && !strings.Contains(err.Error(), "none of the") {
					t.Errorf("%s: not a clear error: %q", file, err)
				}
			} else {
				harmless++
			}
			slowest = max(slowest, time.Since(start))
			if t.Failed() {
				t.Fatalf("%s, round %d", file, round)
			}
		}
	}
	if errors == 0 || harmless == 0 {
		t.Errorf("%d errors, %d harmless changes: the test shows nothing", errors, harmless)
	}
	t.Logf("%d errors, %d harmless changes, the slowest took %v", errors, harmless, slowest)
}

// FuzzDamagedFile looks for further damage: up to eight bytes changed at two places, and a cut.
func FuzzDamagedFile(f *testing.F) {
	var files [][]byte
	for _, path := range pyarrowFiles(f) {
		whole, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(len(files)), uint16(len(whole)/2), uint32(1), uint16(len(whole)-40), uint32(0x80), uint16(len(whole)))
		files = append(files, whole)
	}
	f.Fuzz(func(t *testing.T, file uint8, first uint16, change uint32, second uint16, changeToo uint32, length uint16) {
		content := append(make([]byte, 0, 1<<17), files[int(file)%len(files)]...)
		for i, at := range []uint16{first, second} {
			at := int(at) % (len(content) - 4)
			word := binary.LittleEndian.Uint32(content[at:]) ^ []uint32{change, changeToo}[i]
			binary.LittleEndian.PutUint32(content[at:], word)
		}
		path := damagedFile(t, t.TempDir(), content[:min(len(content), int(length))])
		for _, limit := range []int64{segmentBytes, 1000} {
			_ = readDamaged(t, path, limit, false)
		}
	})
}
