package data

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"
)

// What waits to be decoded is bounded by Buffer in a pass over the rows as well, however large a batch of images is.
func TestBufferBoundsWhatSequentialHolds(t *testing.T) {
	const image = 256 << 10
	pixels := make([]byte, image)
	dir := t.TempDir()
	w, err := NewWriter(dir, "large", WriterOptions{RowsPerGroup: 20})
	for range 160 {
		err = errors.Join(err, w.Write(WriterRow{Caption: "large", Image: pixels}))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	x, err := Scan(t.Context(), s, nil, nil, ScanConfig{})
	if err != nil {
		t.Fatal(err)
	}
	bounded, free := mostHeld(t, x, 8*image), mostHeld(t, x, 1<<30)
	t.Logf("at most %d MB are held with a buffer of 2 MB, %d MB without a bound", bounded>>20, free>>20)
	if bounded > 8*image+24*image { // a page that is read, the rows at the workers, buffers of the codec
		t.Errorf("with a buffer of 2 MB %d MB are held", bounded>>20)
	}
	if free < 64*image {
		t.Errorf("without a bound %d MB are held: the test shows nothing", free>>20)
	}
}

// mostHeld goes over the rows in batches of 128, with a decoder that waits at its first row until nothing more is read, and returns
// the memory that was in use by then.
func mostHeld(t *testing.T, x *Index, buffer int64) (most int64) {
	inUse := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := inUse()
	var stall sync.Once
	tf := Transform{ImageBytes: 1, Image: func([]uint8, []byte, uint64) error {
		stall.Do(func() {
			for still := 0; still < 8; still++ {
				time.Sleep(50 * time.Millisecond)
				if now := inUse() - before; now > most+64<<10 {
					most, still = now, 0
				}
			}
		})
		return nil
	}}
	rows := 0
	for b, err := range Sequential(context.Background(), x, 128, tf, LoaderConfig{Workers: 1, Buffer: buffer}) {
		if err != nil {
			t.Fatal(err)
		}
		rows += len(b.Rows)
	}
	if rows != 160 {
		t.Errorf("%d rows of 160", rows)
	}
	return most
}

// A row that fails in the middle of a batch ends the sequence there, after the batches before.
func TestSequentialEndsAtARowThatFails(t *testing.T) {
	x := testIndex(t, 300, testLimit)
	at := allGood(x)[40]
	fails := testTransform
	fails.Image = func(dst []uint8, encoded []byte, seed uint64) error {
		if n, _ := decodeImage(encoded); int64(n) == at {
			return errChanged
		}
		return testTransform.Image(dst, encoded, seed)
	}
	defer noGoroutines(t)()
	rows := 0
	var last error
	for b, err := range Sequential(t.Context(), x, 16, fails, LoaderConfig{Workers: 3}) {
		if last = err; err == nil {
			rows += len(b.Rows)
		}
	}
	if rows != 32 {
		t.Errorf("%d rows came before the batch with the row that fails, want 32", rows)
	}
	wantError(t, last, errChanged.Error())
}
