package data

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

func TestSequentialGivesEachRowOnceInOrder(t *testing.T) {
	x := testIndex(t, 300, testLimit)
	for _, workers := range []int{1, 4} {
		defer noGoroutines(t)()
		var rows []int64
		for b, err := range Sequential(context.Background(), x, 16, testTransform, LoaderConfig{Workers: workers}) {
			if err != nil {
				t.Fatal(err)
			}
			checkPairs(t, b)
			for i, row := range b.Rows {
				if b.Keys[i] != fmt.Sprint(row) || !slices.Equal(b.Captions[i], []string{testCaption(int(row))}) {
					t.Errorf("row %d has key %q and captions %q", row, b.Keys[i], b.Captions[i])
				}
			}
			if len(b.Rows) != 16 && int64(len(rows)+len(b.Rows)) != x.Usable() {
				t.Errorf("a batch of %d rows before the end", len(b.Rows))
			}
			rows = append(rows, b.Rows...)
		}
		if !slices.Equal(rows, allGood(x)) {
			t.Errorf("rows %v", rows)
		}
	}
}

func TestSequentialGoesOnBehindTheFirstRows(t *testing.T) {
	x := testIndex(t, 300, testLimit)
	want := allGood(x)
	for _, first := range []int{0, 1, 16, 150, len(want) - 1, len(want)} {
		var rows []int64
		for b, err := range SequentialFrom(context.Background(), x, int64(first), 16, testTransform, LoaderConfig{}) {
			if err != nil {
				t.Fatal(err)
			}
			checkPairs(t, b)
			rows = append(rows, b.Rows...)
		}
		if !slices.Equal(rows, want[first:]) {
			t.Errorf("behind %d rows: got %v", first, rows)
		}
	}
}

func TestSequentialIsDividedAmongProcesses(t *testing.T) {
	x := testIndex(t, 300, testLimit)
	for _, world := range []int{1, 2, 7, 500} {
		var rows []int64
		for rank := range world {
			for b, err := range Sequential(context.Background(), x, 16, testTransform, LoaderConfig{Rank: rank, World: world}) {
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, b.Rows...)
			}
		}
		if !slices.Equal(rows, allGood(x)) {
			t.Errorf("%d processes have rows %v", world, rows)
		}
	}
}

func TestSequentialWithoutImagesReadsNone(t *testing.T) {
	x := testIndex(t, 300, testLimit)
	only := Transform{Text: testTransform.Text, Context: 3}
	n := 0
	for b, err := range Sequential(context.Background(), x, 16, only, LoaderConfig{}) {
		if err != nil || len(b.Images) > 0 || b.Tokens[0] != int32(b.Rows[0]) {
			t.Fatalf("batch %+v (%v)", b, err)
		}
		n += len(b.Rows)
	}
	if int64(n) != x.Usable() {
		t.Errorf("%d rows", n)
	}
	l := NewLoader(context.Background(), x, NewPlain(8, nil), Cursor{}, only, LoaderConfig{})
	defer l.Close()
	for range 30 {
		if b, err := l.Next(); err != nil || b.Tokens[0] != int32(b.Rows[0]) {
			t.Fatalf("batch %+v (%v)", b, err)
		}
	}
}

func TestSequentialMayEndEarly(t *testing.T) {
	x := testIndex(t, 300, testLimit)
	check := noGoroutines(t)
	for range Sequential(context.Background(), x, 3, testTransform, LoaderConfig{}) {
		break
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	var last error
	for _, err := range Sequential(ctx, x, 3, testTransform, LoaderConfig{}) {
		if n++; n == 3 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("a sequence that was cancelled ends with %v", last)
	}
	check()
}

func TestWrittenShardsAreRead(t *testing.T) {
	dir := t.TempDir()
	w, err := NewWriter(dir, "train", WriterOptions{RowsPerShard: 40, RowsPerGroup: 10})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 90 {
		row := WriterRow{Image: testImage(n), Caption: testCaption(n), Key: fmt.Sprint(n)}
		if n%9 == 4 {
			row.Image = nil
		}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open([]string{filepath.Join(dir, "train-*.parquet")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := scanned(t, s)
	if x.Usable() != 80 || x.Counts()[ReasonNull] != 10 || len(s.Shards()) != 3 {
		t.Errorf("%d usable rows in %d shards, %v", x.Usable(), len(s.Shards()), x.Counts())
	}
	for b, err := range Sequential(context.Background(), x, 16, testTransform, LoaderConfig{}) {
		if err != nil || b.Keys[0] != fmt.Sprint(b.Rows[0]) {
			t.Fatal(b.Keys, err)
		}
		checkPairs(t, b)
	}
}
