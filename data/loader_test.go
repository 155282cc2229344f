package data

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// testLimit makes several segments of most row groups of testIndex.
const testLimit = 3000

// noGoroutines returns a function that fails unless the goroutines started in between have ended.
func noGoroutines(t testing.TB) func() {
	before := runtime.NumGoroutine()
	return func() {
		t.Helper()
		for range 200 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
	}
}

// pull takes n batches from a cursor on; what is in a batch is compared as text.
func pull(t testing.TB, x *Index, g Grouper, at Cursor, n int, cfg LoaderConfig) (texts []string, batches []Batch) {
	t.Helper()
	l := NewLoader(context.Background(), x, g, at, testTransform, cfg)
	defer l.Close()
	for range n {
		b, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		checkPairs(t, b)
		texts = append(texts, fmt.Sprint(b))
		batches = append(batches, Batch{Rows: b.Rows, After: b.After})
		l.Recycle(b)
	}
	return texts, batches
}

func groupers() map[string]func(int) Grouper {
	return map[string]func(int) Grouper{
		"plain":                 func(batch int) Grouper { return NewPlain(batch, nil) },
		"plain with duplicates": func(batch int) Grouper { return NewPlain(batch, everyFifth(400)) },
		"buckets":               newBuckets,
	}
}

// everyFifth says that the rows whose numbers end in 0 or 5 have one caption.
func everyFifth(rows int64) *Duplicates {
	classes := map[int64]Classes{}
	for row := int64(0); row < rows; row += 5 {
		classes[row] = Classes{Caption: 1}
	}
	return NewDuplicates(classes)
}

func TestEachRowOnceAnEpoch(t *testing.T) {
	x := testIndex(t, 400, testLimit)
	for name, grouper := range groupers() {
		_, batches := pull(t, x, grouper(8), Cursor{}, 150, LoaderConfig{Window: 20_000, Seed: 3})
		seen := map[int64]int{} // deliveries, and copies that wait
		var orders [3][]int64
		for _, b := range batches {
			for _, row := range b.Rows {
				seen[row]++
			}
			if epoch := b.After.Epoch; epoch < 3 {
				orders[epoch] = append(orders[epoch], b.Rows...)
			}
			if b.After.Batch > 0 {
				continue
			}
			waiting := map[int64]int{} // the end of an epoch
			for _, row := range b.After.Carry {
				waiting[row]++
			}
			for row := range x.source.Rows() {
				want := b.After.Epoch
				if !x.Good(row) {
					want = 0
				}
				if seen[row]+waiting[row] != want {
					t.Fatalf("%s: row %d: %d times in %d epochs, and %d wait", name, row, seen[row], want, waiting[row])
				}
			}
		}
		if last := batches[len(batches)-1].After; last.Epoch < 3 {
			t.Errorf("%s: only %d epochs were seen", name, last.Epoch)
		}
		if slices.Equal(orders[0][:50], orders[1][:50]) || slices.IsSorted(orders[0]) {
			t.Errorf("%s: epochs have the same order, or none", name)
		}
	}
}

func TestBatchesDoNotDependOnTheMachine(t *testing.T) {
	x := testIndex(t, 400, testLimit)
	for name, grouper := range groupers() {
		base := LoaderConfig{Window: 20_000, Seed: 3, Workers: 1}
		want, _ := pull(t, x, grouper(8), Cursor{}, 100, base)
		for _, cfg := range []LoaderConfig{
			{Workers: 4, Prefetch: 1},
			{Workers: 3, Prefetch: 9, Buffer: 1},     // every row waits on disk
			{Workers: 2, Prefetch: 3, Buffer: 9_000}, // some do
		} {
			cfg.Window, cfg.Seed, cfg.TempDir = base.Window, base.Seed, t.TempDir()
			got, _ := pull(t, x, grouper(8), Cursor{}, 100, cfg)
			if !slices.Equal(got, want) {
				t.Errorf("%s: other batches with %+v", name, cfg)
			}
			if left, _ := filepath.Glob(filepath.Join(cfg.TempDir, "*")); len(left) > 0 {
				t.Errorf("%s: files left: %q", name, left)
			}
		}
		for _, cfg := range []LoaderConfig{{Window: 20_000, Seed: 4}, {Window: 30_000, Seed: 3}} {
			if other, _ := pull(t, x, grouper(8), Cursor{}, 100, cfg); slices.Equal(other, want) {
				t.Errorf("%s: the same batches with %+v", name, cfg)
			}
		}
	}
}

func TestResumeAtEveryCursor(t *testing.T) {
	x := testIndex(t, 200, testLimit)
	for name, grouper := range groupers() {
		cfg := LoaderConfig{Window: 15_000, Seed: 5, Workers: 2}
		want, batches := pull(t, x, grouper(8), Cursor{}, 70, cfg)
		for i := range 60 {
			text, err := json.Marshal(batches[i].After) // as a checkpoint keeps it
			if err != nil {
				t.Fatal(err)
			}
			var at Cursor
			if err := json.Unmarshal(text, &at); err != nil {
				t.Fatal(err)
			}
			cfg.Buffer = []int64{0, 1, 5_000}[i%3]
			got, _ := pull(t, x, grouper(8), at, 8, cfg)
			if !slices.Equal(got, want[i+1:i+9]) {
				t.Fatalf("%s: resumed at %+v: got\n%s\nwant\n%s", name, at, got, want[i+1:i+9])
			}
		}
		at := batches[10].After // a position off by one must not give the same batches
		at.Batch++
		if got, _ := pull(t, x, grouper(8), at, 8, cfg); slices.Equal(got, want[11:19]) {
			t.Errorf("%s: the next cursor gives the same batches", name)
		}
	}
}

func TestProcessesShareEachBatch(t *testing.T) {
	x := testIndex(t, 200, testLimit)
	cfg := LoaderConfig{Window: 15_000, Seed: 5}
	_, whole := pull(t, x, newBuckets(8), Cursor{}, 20, cfg)
	cfg.World = 2
	_, first := pull(t, x, newBuckets(8), Cursor{}, 20, cfg)
	cfg.Rank = 1
	_, second := pull(t, x, newBuckets(8), Cursor{}, 20, cfg)
	for i := range whole {
		if got := slices.Concat(first[i].Rows, second[i].Rows); !slices.Equal(got, whole[i].Rows) || len(first[i].Rows) != 4 {
			t.Errorf("batch %d: processes have %v, want %v", i, got, whole[i].Rows)
		}
	}
	cfg.World = 3
	l := NewLoader(context.Background(), x, NewPlain(8, nil), Cursor{}, testTransform, cfg)
	defer l.Close()
	_, err := l.Next()
	wantError(t, err, "batch of 8 rows", "3 processes")
}

func TestCaptionsOfAListAreDrawnAnew(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "a"), 0, 120, 30, listRowOf)
	s, err := Open([]string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := scanned(t, s)
	l := NewLoader(context.Background(), x, NewPlain(30, nil), Cursor{}, testTransform, LoaderConfig{})
	defer l.Close()
	drawn := map[string]int{}
	choices := map[int64]map[int32]bool{}
	for range 4 * 50 {
		b, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range b.Rows {
			if int(b.Choice[i]) > int(row)%4 {
				t.Fatalf("row %d has no caption %d", row, b.Choice[i])
			}
			drawn[fmt.Sprint(row%4, b.Choice[i])]++
			if choices[row] == nil {
				choices[row] = map[int32]bool{}
			}
			choices[row][b.Choice[i]] = true
		}
	}
	for row, seen := range choices {
		if len(seen) != int(row)%4+1 {
			t.Errorf("row %d: %d of its captions were drawn in 50 epochs", row, len(seen))
		}
	}
	// 30 rows of 4 captions in 50 epochs: 375 draws of each, standard deviation 17
	for choice := range 4 {
		if n := drawn[fmt.Sprint(3, choice)]; n < 300 || n > 450 {
			t.Errorf("caption %d of 4 was drawn %d times of 1500", choice, n)
		}
	}
}

func TestNeighboursAreSeparated(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "a"), 0, 2000, 20, flatRowOf)
	s, err := Open([]string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := scanned(t, s)
	adjacent := func(window int64) (n int) { // pairs of consecutive rows in one batch
		_, batches := pull(t, x, NewPlain(50, nil), Cursor{}, 40, LoaderConfig{Window: window})
		for _, b := range batches {
			rows := slices.Sorted(slices.Values(b.Rows))
			for i := range rows[1:] {
				if rows[i+1] == rows[i]+1 {
					n++
				}
			}
		}
		return n
	}
	// A full shuffle has 49 consecutive pairs on average: 1,999 pairs, each in one batch with probability 49/1999.
	if large, small := adjacent(1<<30), adjacent(1); large > 100 || small < 1000 {
		t.Errorf("%d pairs stay together in one large window, %d in windows of one row group", large, small)
	}
}

func TestWaitingForDataIsCounted(t *testing.T) {
	x := testIndex(t, 100, testLimit)
	slow := testTransform
	slow.Image = func(dst []uint8, encoded []byte, seed uint64) error {
		time.Sleep(2 * time.Millisecond)
		return testTransform.Image(dst, encoded, seed)
	}
	l := NewLoader(context.Background(), x, NewPlain(10, nil), Cursor{}, slow, LoaderConfig{Workers: 1, Buffer: 1})
	defer l.Close()
	for range 5 {
		if _, err := l.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if s := l.Stats(); s.Batches != 5 || s.Wait < 90*time.Millisecond || s.Spilled == 0 {
		t.Errorf("stats %+v, want about 100 ms for 50 images", s)
	}
}
