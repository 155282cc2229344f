package data

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// drainUntilError takes batches until an error; Next must go on returning it.
func drainUntilError(t *testing.T, l *Loader, most int) (batches int, err error) {
	t.Helper()
	for ; batches < most; batches++ {
		if _, err = l.Next(); err != nil {
			if _, again := l.Next(); again != err {
				t.Errorf("after %v comes %v", err, again)
			}
			return batches, err
		}
	}
	t.Fatal("no error")
	return batches, nil
}

func TestShardThatChangesDuringTheRun(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, path string)
		want   []string // what is said besides depends on whether the change meets a read or comes between two
	}{
		{"deleted", func(t *testing.T, path string) { os.Remove(path) }, []string{"gone"}},
		{"replaced", func(t *testing.T, path string) { writeFile(t, path, 1000, 1400, 20, hfRowOf) }, []string{"changed", "start again"}},
		{"cut short", func(t *testing.T, path string) { os.Truncate(path, 5000) }, []string{"changed"}},
		{"emptied", func(t *testing.T, path string) { os.Truncate(path, 0) }, []string{"changed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer noGoroutines(t)()
			path := writeFile(t, filepath.Join(t.TempDir(), "s.parquet"), 0, 400, 20, hfRowOf)
			s, err := Open([]string{path}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			l := NewLoader(context.Background(), scanned(t, s), NewPlain(10, nil), Cursor{}, testTransform, LoaderConfig{Window: 1})
			defer l.Close()
			for range 3 {
				if _, err := l.Next(); err != nil {
					t.Fatal(err)
				}
			}
			test.change(t, path)
			_, err = drainUntilError(t, l, 100)
			wantError(t, err, append(test.want, "shard "+path)...)
		})
	}
}

func TestTouchedShardIsStillTheSame(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "s.parquet"), 0, 400, 20, hfRowOf)
	s, err := Open([]string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := scanned(t, s)
	l := NewLoader(context.Background(), x, NewPlain(10, nil), Cursor{}, testTransform, LoaderConfig{Window: 1})
	defer l.Close()
	for i := range 60 {
		if _, err := l.Next(); err != nil {
			t.Fatal(err)
		}
		if i%20 == 0 {
			if err := os.Chtimes(path, time.Now(), time.Now().Add(time.Duration(i)*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// otherIndex says that all rows of a source are usable, though some are not.
func otherIndex(s *Source) *Index {
	x := newIndex(s, "", "")
	for row := range s.rows {
		_ = x.enter(Skip{Row: row})
	}
	return x
}

func TestRowThatFailsIsNamed(t *testing.T) {
	bad := func(change func(*hfRow)) *Index {
		path := writeFile(t, filepath.Join(t.TempDir(), "s.parquet"), 0, 60, 20, func(n int) hfRow {
			row := hfRowOf(n)
			if n == 33 {
				change(&row)
			}
			return row
		})
		s, err := Open([]string{path}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return otherIndex(s)
	}
	panics := testTransform
	panics.Image = func(dst []uint8, encoded []byte, seed uint64) error { return checkOrPanic(encoded) }
	for _, test := range []struct {
		name   string
		change func(*hfRow)
		want   string
	}{
		{"damaged", func(r *hfRow) { r.Image.Bytes[20]++ }, "damaged"},
		{"panic", func(r *hfRow) { r.Image.Bytes = []byte("panic") }, "panic while decoding: runtime error"},
		{"null", func(r *hfRow) { r.Image = nil }, ReasonNull},
		{"no caption", func(r *hfRow) { r.Caption = nil }, ReasonNoCaption},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := bad(test.change)
			l := NewLoader(context.Background(), x, NewPlain(10, nil), Cursor{}, panics, LoaderConfig{})
			defer l.Close()
			_, err := drainUntilError(t, l, 100)
			wantError(t, err, "shard "+x.source.shards[0].Path, "row 33", "index has it as usable", test.want)
			err = nil
			for _, e := range Sequential(context.Background(), x, 7, panics, LoaderConfig{}) {
				err = e
			}
			wantError(t, err, "shard "+x.source.shards[0].Path, "row 33", test.want)
		})
	}
}

// strange is a Grouper that does not keep to the rules.
type strange struct {
	Grouper
	next func([]int64) []int64
}

func (s strange) Next() []int64 { return s.next(s.Grouper.Next()) }

func TestGrouperThatBreaksTheRules(t *testing.T) {
	x := testIndex(t, 100, testLimit)
	for _, test := range []struct {
		name string
		next func([]int64) []int64
		want string
	}{
		{"foreign row", func(b []int64) []int64 {
			if b != nil {
				b[0] = 5
			}
			return b
		}, "does not wait"},
		{"row twice", func(b []int64) []int64 {
			if b != nil {
				b[0] = b[1]
			}
			return b
		}, "does not wait"},
		{"panic", func(b []int64) []int64 { return b[:9] }, "panic"},
		{"never a batch", func([]int64) []int64 { return nil }, "no batch in 3 epochs of 84 usable rows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer noGoroutines(t)()
			l := NewLoader(context.Background(), x, strange{NewPlain(8, nil), test.next}, Cursor{}, testTransform, LoaderConfig{})
			defer l.Close()
			_, err := drainUntilError(t, l, 100)
			wantError(t, err, test.want)
		})
	}
	l := NewLoader(context.Background(), x, NewPlain(85, nil), Cursor{}, testTransform, LoaderConfig{})
	defer l.Close()
	_, err := l.Next()
	wantError(t, err, "batch is too large for the data")
}

func TestCursorOfOtherDataIsRefused(t *testing.T) {
	x := testIndex(t, 100, testLimit)
	for _, test := range []struct {
		at   Cursor
		want string
	}{
		{Cursor{Batch: 11}, "epoch 0 has 10 batches, 1 fewer"},
		{Cursor{Carry: []int64{100}}, "row 100"},
		{Cursor{Carry: []int64{5}}, "row 5"}, // a bad row
		{Cursor{Epoch: -1}, "epoch -1"},
	} {
		l := NewLoader(context.Background(), x, NewPlain(8, nil), test.at, testTransform, LoaderConfig{})
		_, err := l.Next()
		wantError(t, err, "cursor", test.want)
		l.Close()
	}
	l := NewLoader(context.Background(), x, NewPlain(8, nil), Cursor{Batch: 10}, testTransform, LoaderConfig{})
	defer l.Close()
	if b, err := l.Next(); err != nil || b.After.Epoch != 1 || b.After.Batch != 1 {
		t.Errorf("the end of an epoch is not the beginning of the next one: %+v (%v)", b.After, err)
	}
	for _, cfg := range []LoaderConfig{{Rank: 2, World: 2}, {Rank: -1}, {Window: -1}, {Prefetch: -1}} {
		l := NewLoader(context.Background(), x, NewPlain(8, nil), Cursor{}, testTransform, cfg)
		_, err := l.Next()
		wantError(t, err, "loader")
		l.Close()
	}
}

func TestCloseAndCancelEndEverything(t *testing.T) {
	x := testIndex(t, 400, testLimit)
	for i, taken := range []int{0, 0, 1, 5, 40} {
		check := noGoroutines(t)
		ctx, cancel := context.WithCancel(context.Background())
		cfg := LoaderConfig{Window: 9000, Buffer: 2000, TempDir: t.TempDir(), Workers: 3}
		l := NewLoader(ctx, x, newBuckets(8), Cursor{}, testTransform, cfg)
		for range taken {
			if _, err := l.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if i%2 == 1 {
			cancel()
			if _, err := l.Next(); taken == 0 && !errors.Is(err, context.Canceled) && err != nil {
				t.Errorf("got %v", err)
			}
		}
		l.Close()
		l.Close()
		if _, err := l.Next(); err == nil {
			t.Error("a closed loader gives a batch")
		}
		check()
		cancel()
	}
}

func TestNoRoomForWaitingRows(t *testing.T) {
	x := testIndex(t, 100, testLimit)
	missing := filepath.Join(t.TempDir(), "missing")
	l := NewLoader(context.Background(), x, NewPlain(8, nil), Cursor{}, testTransform, LoaderConfig{Buffer: 1, TempDir: missing})
	defer l.Close()
	_, err := l.Next()
	wantError(t, err, "waiting rows", missing)
}

func TestSparseSpillFilesAreEmptied(t *testing.T) {
	s := newStore(0, t.TempDir())
	defer s.close()
	s.spill.fileBytes = 10_000
	image := []byte(strings.Repeat("x", 500))
	put := func(row int64) {
		t.Helper()
		err := s.put(&pairRow{number: row, image: append([]byte(fmt.Sprintf("%06d", row)), image...), captions: []string{"c"}}, 1)
		if err != nil {
			t.Fatal(err)
		}
	}
	get := func(row int64) {
		t.Helper()
		taken, err := s.take(row)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := taken.load()
		if err != nil {
			t.Fatal(err)
		}
		if p, err := unpack(packed); err != nil || string(p.image[:6]) != fmt.Sprintf("%06d", row) {
			t.Fatalf("row %d came back as %q (%v)", row, p.image[:6], err)
		}
	}
	var size int64
	for row := range int64(4000) { // 2 MB pass; each 50th row waits to the end
		put(row)
		if row%50 != 0 {
			get(row)
		}
		size = 0
		for _, file := range s.spill.files {
			size += file.size
		}
		if want := 4*int64(len(s.rows))*530 + 6*s.spill.fileBytes; size > want {
			t.Fatalf("row %d: %d bytes on disk for %d rows", row, size, len(s.rows))
		}
	}
	for row := int64(0); row < 4000; row += 50 {
		get(row)
	}
	if len(s.spill.files) > 1 || s.spill.last().size != 0 {
		t.Errorf("%d files are left", len(s.spill.files))
	}
}
