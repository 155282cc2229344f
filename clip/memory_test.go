package clip

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/testneed"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// peak runs f and returns by how many bytes the resident memory of the process rose at most, and what f returned.
func peak(t testing.TB, f func()) int64 {
	t.Helper()
	debug.FreeOSMemory()
	reset := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak so far is forgotten
	testneed.Require(t, "proc", reset == nil, "run on Linux with a writable /proc/self/clear_refs")
	before := status(t, "VmRSS:")
	f()
	return status(t, "VmHWM:") - before
}

func status(t testing.TB, key string) (bytes int64) {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), key)
	if _, err := fmt.Sscan(rest, &bytes); err != nil {
		t.Fatal(err)
	}
	return bytes << 10
}

// sizeOf is the number of bytes of a model.
func sizeOf(m *Model) (size int64) {
	for _, p := range m.params {
		size += int64(p.Tensor.Len() * p.DType.Size())
	}
	return size
}

// halved writes weights in float32 as bfloat16, which is their upper halves.
func halved(t *testing.T, from, to string) {
	t.Helper()
	file, err := safetensors.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tensors, err := file.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, tensor := range tensors {
		half := make([]byte, 0, len(tensor.Data)/2)
		for at := 0; at < len(tensor.Data); at += 4 {
			half = append(half, tensor.Data[at+2:at+4]...)
		}
		tensors[i].DType, tensors[i].Data = "BF16", half
	}
	if err := writeWeights(to, tensors); err != nil {
		t.Fatal(err)
	}
}

// Loading takes the memory of the weights and little more, whatever a file keeps them as.
func TestLoadingTakesLittleMoreThanTheWeights(t *testing.T) {
	torchtest.NoLeak(t)
	c, err := Preset("small")
	if err != nil {
		t.Fatal(err)
	}
	c.Text.Width, c.Text.Layers = 384, 8 // 130 MB
	m, err := New(c, 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	err = m.Export(dir, DefaultPreprocess(c), forBoth)
	m.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "tokenizer.json")); err != nil {
		t.Fatal(err)
	}
	halved(t, filepath.Join(dir, WeightsFile), filepath.Join(dir, "half.safetensors"))
	for _, name := range []string{WeightsFile, hfWeightsFile, "half.safetensors"} {
		var loaded *Model
		rise := peak(t, func() { loaded, _, err = Load(filepath.Join(dir, name), torch.CPU) })
		if err != nil {
			t.Fatal(err)
		}
		if size := sizeOf(loaded); rise > size*115/100 || rise < size/3 {
			t.Errorf("%s: memory rises by %d MB for weights of %d MB", name, rise>>20, size>>20)
		} else {
			t.Logf("%s: memory rises by %d MB for weights of %d MB", name, rise>>20, size>>20)
		}
		loaded.Close()
	}
}
