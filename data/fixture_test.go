package data

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// Rows as other programs write them.
type (
	hfImage struct { // Hugging Face datasets
		Bytes []byte  `parquet:"bytes,optional"`
		Path  *string `parquet:"path,optional"`
	}
	hfRow struct {
		Image   *hfImage `parquet:"image,optional"`
		Caption *string  `parquet:"caption,optional"`
		ID      int64    `parquet:"id"`
	}
	flatRow struct { // img2dataset
		URL     string `parquet:"url"`
		Caption string `parquet:"caption,optional"`
		Key     string `parquet:"key,optional"`
		JPG     []byte `parquet:"jpg,optional"`
	}
	listRow struct { // several captions
		Image    []byte   `parquet:"image"`
		Captions []string `parquet:"captions,list"`
	}
	dictRow struct { // as pyarrow writes by default
		Image []byte `parquet:"image,dict,snappy"`
		Text  string `parquet:"text,dict,snappy"`
	}
	zstdRow struct {
		Image []byte `parquet:"image,zstd"`
		TEXT  string `parquet:"TEXT,delta,zstd"`
	}
)

// testImage is what stands for the image of row n: recognisable, of a length that varies.
func testImage(n int) []byte {
	noise := rand.New(rand.NewPCG(uint64(n), 7))
	image := binary.BigEndian.AppendUint64([]byte("IMG"), uint64(n))
	for range 20 + n*37%300 {
		image = append(image, byte(noise.Uint32()))
	}
	sum := fnv.New64a()
	sum.Write(image)
	return sum.Sum(image)
}

func testCaption(n int) string { return fmt.Sprintf("caption %d", n) }

func ptr[T any](v T) *T { return &v }

func hfRowOf(n int) hfRow {
	return hfRow{Image: &hfImage{Bytes: testImage(n), Path: ptr(fmt.Sprintf("%d.jpg", n))}, Caption: ptr(testCaption(n)), ID: int64(n)}
}

func flatRowOf(n int) flatRow {
	return flatRow{URL: "u", Caption: testCaption(n), Key: fmt.Sprintf("%09d", n), JPG: testImage(n)}
}

func listRowOf(n int) listRow {
	row := listRow{Image: testImage(n)}
	for i := range n%4 + 1 {
		row.Captions = append(row.Captions, fmt.Sprintf("caption %d of %d", n, i))
	}
	return row
}

func dictRowOf(n int) dictRow { return dictRow{testImage(n), testCaption(n)} }
func zstdRowOf(n int) zstdRow { return zstdRow{testImage(n), testCaption(n)} }

// writeFile writes rows from..to-1 in row groups of a size.
func writeFile[T any](t testing.TB, path string, from, to, group int, row func(int) T, o ...parquet.WriterOption) string {
	t.Helper()
	rows := make([]T, 0, to-from)
	for n := from; n < to; n++ {
		rows = append(rows, row(n))
	}
	return writeRows(t, path, rows, group, o...)
}

func writeRows[T any](t testing.TB, path string, rows []T, group int, o ...parquet.WriterOption) string {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := parquet.NewGenericWriter[T](file, append(o, parquet.MaxRowsPerRowGroup(int64(group)))...)
	for i := range rows {
		if _, err := w.Write(rows[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// decodeImage is the inverse of testImage.
func decodeImage(image []byte) (n int, err error) {
	if len(image) < 19 || string(image[:3]) != "IMG" {
		return 0, errors.New("not an image")
	}
	sum := fnv.New64a()
	sum.Write(image[:len(image)-8])
	if !slices.Equal(sum.Sum(nil), image[len(image)-8:]) {
		return 0, errors.New("damaged")
	}
	return int(binary.BigEndian.Uint64(image[3:])), nil
}

func checkTestImage(image []byte) error { _, err := decodeImage(image); return err }

func testReason(err error) string { return err.Error() }

// testTransform writes the number in the image and the seed; and of the caption the number and a hash.
var testTransform = Transform{
	ImageBytes: 16,
	Context:    3,
	Image: func(dst []uint8, encoded []byte, seed uint64) error {
		n, err := decodeImage(encoded)
		binary.LittleEndian.PutUint64(dst, uint64(n))
		binary.LittleEndian.PutUint64(dst[8:], seed)
		return err
	},
	Text: func(dst []int32, caption string) int {
		sum := fnv.New32a()
		sum.Write([]byte(caption))
		number := 0
		fmt.Sscanf(caption, "caption %d", &number)
		dst[0], dst[1], dst[2] = int32(number), int32(sum.Sum32()), -1
		return 2 + number%2
	},
}

// sources makes three shards of n rows altogether, with bad rows among them, and scans them.
func testIndex(t testing.TB, n int, limit int64) *Index {
	t.Helper()
	dir := t.TempDir()
	cuts := []int{0, n / 5, n / 2, n}
	for i, group := range []int{7, 20, 1 << 20} {
		writeFile(t, filepath.Join(dir, fmt.Sprintf("%d.parquet", i)), cuts[i], cuts[i+1], group, func(n int) hfRow {
			row := hfRowOf(n)
			switch {
			case n%11 == 5:
				row.Image = nil
			case n%13 == 6:
				row.Caption = ptr(" ")
			}
			return row
		}, parquet.PageBufferSize(2000))
	}
	s, err := open([]string{dir}, Options{}, limit)
	if err != nil {
		t.Fatal(err)
	}
	return scanned(t, s)
}

func scanned(t testing.TB, s *Source) *Index {
	t.Helper()
	x, err := Scan(context.Background(), s, checkTestImage, testReason, ScanConfig{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// checkPairs makes sure that images and captions belong to their rows, if number n is in row n.
func checkPairs(t testing.TB, b Batch) {
	t.Helper()
	for i, row := range b.Rows {
		n := binary.LittleEndian.Uint64(b.Images[16*i:])
		if n != uint64(row) || b.Tokens[3*i] != int32(row) {
			t.Fatalf("row %d has image %d and caption %d", row, n, b.Tokens[3*i])
		}
	}
}

// goodRows returns all usable rows.
func allGood(x *Index) []int64 {
	var rows []int64
	for row := range x.source.Rows() {
		if x.Good(row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// wantError fails unless the error has all parts.
func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %q", err)
	}
}
