package data

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

func TestASampleIsSpreadOverTheUsableRows(t *testing.T) {
	x := testIndex(t, 300, testLimit)
	good := allGood(x)
	some := x.Sample(40, 4)
	rows := allGood(some)
	if some.Usable() != 40 || len(rows) != 40 {
		t.Fatalf("%d usable rows, %v", some.Usable(), rows)
	}
	for run := range 10 {
		at := slices.Index(good, rows[4*run])
		if want := run * len(good) / 10; at != want || !slices.Equal(good[at:at+4], rows[4*run:4*run+4]) {
			t.Errorf("run %d begins at usable row %d, want %d: %v", run, at, want, rows[4*run:4*run+4])
		}
	}
	if x.Sample(1000, 4) != x {
		t.Error("a sample larger than the whole is another index")
	}
	for _, n := range []int64{1, 7, x.Usable() - 1} {
		if got := x.Sample(n, 3).Usable(); got < n || got > n+3 {
			t.Errorf("a sample of %d has %d rows", n, got)
		}
	}
	n := 0
	for b, err := range Sequential(context.Background(), some, 16, testTransform, LoaderConfig{}) {
		if err != nil {
			t.Fatal(err)
		}
		checkPairs(t, b)
		n += len(b.Rows)
	}
	if n != 40 {
		t.Errorf("%d rows are read", n)
	}
}

type classRow struct {
	Img   []byte `parquet:"img"`
	Label int64  `parquet:"label"`
	Fine  string `parquet:"fine"`
}

func TestLabelsAreReadInPlaceOfCaptions(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "a.parquet"), 0, 30, 10, func(n int) classRow {
		return classRow{testImage(n), int64(n % 3), fmt.Sprintf("class %d", n%4)}
	})
	for column, want := range map[string]func(int64) string{
		"label": func(row int64) string { return fmt.Sprint(row % 3) },
		"fine":  func(row int64) string { return fmt.Sprintf("class %d", row%4) },
	} {
		s, err := Open([]string{path}, Options{ImageColumn: "img", LabelColumn: column})
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for b, err := range Sequential(context.Background(), scanned(t, s), 7, Transform{}, LoaderConfig{}) {
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range b.Rows {
				if !slices.Equal(b.Captions[i], []string{want(row)}) {
					t.Errorf("row %d has %q, want %q", row, b.Captions[i], want(row))
				}
			}
			rows += len(b.Rows)
		}
		if rows != 30 {
			t.Errorf("%d rows", rows)
		}
	}
	_, err := Open([]string{path}, Options{ImageColumn: "img", LabelColumn: "class"})
	wantError(t, err, `no label column (looked for class)`, "--label-column")
}
