package data

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oddRows has a row of each kind that cannot be used, and good ones between them.
func oddRows() (rows []hfRow, reasons []string) {
	add := func(reason string, change func(*hfRow)) {
		row := hfRowOf(len(rows))
		change(&row)
		rows, reasons = append(rows, row), append(reasons, reason)
	}
	for range 3 {
		add("", func(*hfRow) {})
		add(ReasonNull, func(r *hfRow) { r.Image = nil })
		add(ReasonPathOnly, func(r *hfRow) { r.Image.Bytes = nil })
		add(ReasonNull, func(r *hfRow) { r.Image.Bytes, r.Image.Path = nil, nil })
		add(ReasonEmpty, func(r *hfRow) { r.Image.Bytes = []byte{} })
		add("", func(r *hfRow) { r.Image.Path = nil })
		add("damaged", func(r *hfRow) { r.Image.Bytes[30] ^= 1 })
		add("not an image", func(r *hfRow) { r.Image.Bytes = []byte("<html>") })
		add(ReasonNoCaption, func(r *hfRow) { r.Caption = nil })
		add(ReasonNoCaption, func(r *hfRow) { r.Caption = ptr("") })
		add(ReasonNoCaption, func(r *hfRow) { r.Caption = ptr(" \n\t") })
		add(ReasonPanic, func(r *hfRow) { r.Image.Bytes = []byte("panic") })
	}
	return rows, reasons
}

func oddSource(t *testing.T) (*Source, []string) {
	rows, reasons := oddRows()
	s, err := Open([]string{writeRows(t, filepath.Join(t.TempDir(), "odd.parquet"), rows, 5)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s, reasons
}

func checkOrPanic(image []byte) error {
	if string(image) == "panic" {
		var none []int
		_ = none[len(image)]
	}
	return checkTestImage(image)
}

func TestScanCountsAndListsByReason(t *testing.T) {
	s, reasons := oddSource(t)
	for _, workers := range []int{1, 4} {
		last := int64(0)
		x, err := Scan(context.Background(), s, checkOrPanic, testReason, ScanConfig{
			Workers: workers, Progress: func(done, total int64) { last = done },
		})
		if err != nil {
			t.Fatal(err)
		}
		checkIndex(t, x, reasons)
		if last != s.Rows() {
			t.Errorf("progress ended at %d of %d", last, s.Rows())
		}
	}
}

// checkIndex compares an index with the reason of each row.
func checkIndex(t *testing.T, x *Index, reasons []string) {
	t.Helper()
	counts := map[string]int64{}
	var want []string
	for row, reason := range reasons {
		if x.Good(int64(row)) != (reason == "") {
			t.Errorf("row %d (%s): good is %v", row, reason, x.Good(int64(row)))
		}
		if reason != "" {
			counts[reason]++
			want = append(want, fmt.Sprintf("%d %d %d %s", row, row, row, reason))
		}
	}
	var got []string
	for skip, err := range x.AllSkips() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %d %s %s", skip.Row, skip.Local, skip.Key, skip.Reason))
		if skip.Shard != x.source.shards[0].Path {
			t.Errorf("row %d lies in %q", skip.Row, skip.Shard)
		}
	}
	if !slices.Equal(got, want) || len(x.Skips()) != len(want) {
		t.Errorf("skipped rows:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if good := int64(len(reasons) - len(want)); x.Usable() != good || !maps.Equal(x.Counts(), counts) {
		t.Errorf("%d usable, want %d; %v, want %v", x.Usable(), good, x.Counts(), counts)
	}
}

func TestIndexIsSavedAndLoaded(t *testing.T) {
	s, reasons := oddSource(t)
	x, err := Scan(context.Background(), s, checkOrPanic, testReason, ScanConfig{Checker: "whole images of at most 5 MP"})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "index")
	if err := x.Save(dir); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "elsewhere.parquet") // the same content is the same data
	if err := os.Rename(s.shards[0].Path, moved); err != nil {
		t.Fatal(err)
	}
	if s, err = Open([]string{moved}, Options{}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a loaded index can be saved over itself
		y, err := LoadIndex(dir, s)
		if err != nil {
			t.Fatal(err)
		}
		checkIndex(t, y, reasons)
		if y.Fingerprint() != x.Fingerprint() || y.Checker() != x.Checker() {
			t.Error("the loaded index is another one")
		}
		if err := y.Save(dir); err != nil {
			t.Fatal(err)
		}
	}
}

func TestForeignOrDamagedIndexIsRefused(t *testing.T) {
	x := testIndex(t, 60, segmentBytes)
	other, err := Open([]string{writeFile(t, filepath.Join(t.TempDir(), "a"), 0, 60, 9, hfRowOf)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	save := func() string {
		dir := filepath.Join(t.TempDir(), "index")
		if err := x.Save(dir); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	_, err = LoadIndex(save(), other)
	wantError(t, err, "other shards", x.source.shards[0].Path, other.shards[0].Path)
	_, err = LoadIndex(t.TempDir(), x.source)
	wantError(t, err, indexFile, "no such file")
	for _, name := range []string{indexFile, skipsFile} {
		text, err := os.ReadFile(filepath.Join(save(), name))
		if err != nil {
			t.Fatal(err)
		}
		for _, damaged := range []string{
			string(text[:len(text)/2]), strings.Replace(string(text), "5", "6", 1), string(text) + "1,2,3,4,5,6\n", "",
		} {
			dir := save()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(damaged), 0o666); err != nil {
				t.Fatal(err)
			}
			y, err := LoadIndex(dir, x.source)
			if err == nil && y.Fingerprint() != x.Fingerprint() {
				t.Errorf("%s changed to %q gives another index", name, damaged)
			}
			if err == nil && name == skipsFile {
				t.Errorf("%s changed to %q is accepted", name, damaged)
			}
		}
	}
}

func TestLongListOfSkippedRowsGoesToDisk(t *testing.T) {
	x := newIndex(&Source{shards: []Shard{{Path: strings.Repeat("p", 300)}}, rows: 10_000}, "", t.TempDir())
	for row := range x.source.rows {
		if err := x.enter(Skip{Row: row, Key: "k\"\n\xff", Reason: "r", Detail: strings.Repeat("d", 999)}); err != nil {
			t.Fatal(err)
		}
	}
	if x.skips.rows.file == nil || x.skips.rows.head.Len() > skipsInMemory {
		t.Errorf("%d bytes are held in memory", x.skips.rows.head.Len())
	}
	n := int64(0)
	for skip, err := range x.AllSkips() {
		if err != nil || skip.Row != n || skip.Key != "k\"\n\uFFFD" {
			t.Fatalf("skip %d: %+v (%v)", n, skip, err)
		}
		n++
	}
	if n != x.source.rows || len(x.Skips()) != listed {
		t.Errorf("%d rows listed, %d first ones", n, len(x.Skips()))
	}
}

func TestScanThatFindsNothingSaysWhy(t *testing.T) {
	rows := []hfRow{{Caption: ptr("a")}, {Caption: ptr("b")}, {Image: &hfImage{Bytes: []byte("x")}}}
	s, err := Open([]string{writeRows(t, filepath.Join(t.TempDir(), "a"), rows, 5)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Scan(context.Background(), s, nil, nil, ScanConfig{})
	wantError(t, err, "none of the 3 rows can be used: 2 null image, 1 no caption")
}

func TestScanEndsWithItsContext(t *testing.T) {
	s, _ := oddSource(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer noGoroutines(t)()
	_, err := Scan(ctx, s, func([]byte) error { cancel(); return nil }, nil, ScanConfig{Workers: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestUnreadableSkipFolderIsAnError(t *testing.T) {
	x := newIndex(&Source{shards: []Shard{{}}, rows: 1 << 20}, "", filepath.Join(t.TempDir(), "missing"))
	var err error
	for row := int64(0); err == nil && row < x.source.rows; row++ {
		err = x.enter(Skip{Row: row, Reason: "r", Detail: strings.Repeat("d", 200)})
	}
	wantError(t, err, "list of skipped rows", "missing")
}
