package data

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

// pyarrowRows is how many rows the files of testdata/reference/parquet_golden.py have.
const pyarrowRows = 60

func pyarrowFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/pyarrow-*.parquet")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files of pyarrow (%v)", len(files), err)
	}
	return files
}

// pyarrowCaptions says which captions row n has in a file of pyarrow.
func pyarrowCaptions(file string, n int) []string {
	switch filepath.Base(file) {
	case "pyarrow-lists.parquet", "pyarrow-lists-v2.parquet":
		return listRowOf(n).Captions
	case "pyarrow-nulls.parquet":
		if n%6 == 1 || n%11 == 4 {
			return nil
		}
	}
	return []string{testCaption(n)}
}

// TestFilesOfPyarrow reads each file in whole row groups and in parts, segments in a random order.
func TestFilesOfPyarrow(t *testing.T) {
	divided := 0
	for _, path := range pyarrowFiles(t) {
		for _, limit := range []int64{segmentBytes, 1000} {
			t.Run(fmt.Sprint(filepath.Base(path), limit), func(t *testing.T) {
				s, err := open([]string{path}, Options{}, limit)
				if err != nil {
					t.Fatal(err)
				}
				if len(s.segments) > s.Shards()[0].Groups {
					divided++
				}
				checkPyarrow(t, s, path)
			})
		}
	}
	if divided < 7 {
		t.Errorf("row groups of only %d files were divided", divided)
	}
}

func checkPyarrow(t *testing.T, s *Source, path string) {
	t.Helper()
	seen := 0
	r := reader{source: s, images: true, meta: true}
	defer r.close()
	for _, id := range epochOrder(len(s.segments), 2, 0) {
		seg := &s.segments[id]
		var wanted []int64
		for _, row := range rowsFrom(seg.first, seg.rows) {
			if row%3 != 0 { // some rows are passed over
				wanted = append(wanted, row)
			}
		}
		err := r.read(context.Background(), seg, wanted, func(p *pairRow) error {
			seen++
			row := int(p.number)
			null := filepath.Base(path) == "pyarrow-nulls.parquet" && (row%5 == 2 || row%7 == 3)
			if n, err := decodeImage(p.image); null != (p.image == nil) || !null && (err != nil || n != row) {
				t.Errorf("row %d has image %d (%v)", row, n, err)
			}
			if !slices.Equal(p.captions, pyarrowCaptions(path, row)) || p.key != fmt.Sprint(row) {
				t.Errorf("row %d has captions %q and key %q", row, p.captions, p.key)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen != pyarrowRows*2/3 {
		t.Errorf("%d rows were read", seen)
	}
}

func TestNullsOfPyarrowAreSkipped(t *testing.T) {
	s, err := Open([]string{"testdata/pyarrow-nulls.parquet"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := scanned(t, s)
	counts := map[string]int64{}
	for n := range pyarrowRows {
		switch {
		case n%5 == 2:
			counts[ReasonNull]++
		case n%7 == 3:
			counts[ReasonPathOnly]++
		case pyarrowCaptions(s.shards[0].Path, n) == nil:
			counts[ReasonNoCaption]++
		}
	}
	if fmt.Sprint(counts) != fmt.Sprint(x.Counts()) {
		t.Errorf("skipped %v, want %v", x.Counts(), counts)
	}
}
