package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mclclip/mclclip/data"
)

// heavyPairs writes pairs of pictures of so many bytes: what follows the end of a JPEG is not looked at.
func heavyPairs(t *testing.T, n, size int) string {
	t.Helper()
	source, err := data.Open([]string{filepath.Join(drawPairs(t, n), "train-*.parquet")}, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w, err := data.NewWriter(dir, "train", data.WriterOptions{RowsPerShard: 640})
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, size)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for pair, err := range source.Pairs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		file := append(asJPEG(t, bytes.Clone(pair.Image)), noise...)
		if err := w.Write(data.WriterRow{Image: file, Caption: pair.Captions[0], Key: pair.Key}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// megabytes trains on pairs and returns the largest resident memory of the process.
func megabytes(t *testing.T, pairs string, buffer int) int64 {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "finetune", "--pairs", filepath.Join(pairs, "train-*.parquet"), "--model", "tiny",
		"--base-steps", "60", "--batch-size", "4", "--groups", "1", "--stages", "0", "--threads", "1", "--workers", "2",
		"--buffer", fmt.Sprint(buffer), "--out", filepath.Join(t.TempDir(), "run"))
	c.Env = append(os.Environ(), asProgram+"=mclclip")
	var out bytes.Buffer
	c.Stderr = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for most := int64(0); ; {
		select {
		case err := <-ended:
			if err != nil || most == 0 {
				t.Fatalf("%v: %s", err, out.String())
			}
			return most >> 10
		case <-time.After(10 * time.Millisecond):
			most = max(most, highWater(c.Process.Pid))
		}
	}
}

// highWater is the largest resident memory of a live process so far, in kB. What the system tells of a dead one counts the
// process that it was forked from as well.
func highWater(pid int) (kilobytes int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, rest, ok := strings.Cut(string(status), "VmHWM:"); err == nil && ok {
		_, _ = fmt.Sscan(rest, &kilobytes)
	}
	return kilobytes
}

// Pairs that wait, and the queues of the decoders, take no more memory than --buffer allows, whatever the pairs are.
func TestBufferBoundsMemory(t *testing.T) {
	const n, size = 2560, 64 << 10
	heavy := heavyPairs(t, n, size)
	usual, bounded, free := megabytes(t, heavyPairs(t, n, 1), 8), megabytes(t, heavy, 8), megabytes(t, heavy, 1024)
	t.Logf("small pairs: %d MB; %d MB of pairs: %d MB with --buffer 8, %d MB with --buffer 1024", usual, n*size>>20, bounded, free)
	if free < usual+80 {
		t.Errorf("without a bound the heavy pairs take %d MB more than the small ones: the test shows nothing", free-usual)
	}
	if bounded > usual+8+48 { // a segment that is read, and what is garbage
		t.Errorf("with --buffer 8 the heavy pairs take %d MB more than the small ones", bounded-usual)
	}
}
