package train

import (
	"errors"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// allocate asks for more memory than any address space has.
func allocate() (err error) {
	defer torch.Recover(&err)
	torch.Zeros(nil, torch.CPU, torch.Float32, 1<<50)
	return nil
}

func TestAnErrorOfMemorySaysWhatWasAskedAndWhatHelps(t *testing.T) {
	torchtest.NoLeak(t)
	err := testConfig(1).memoryHint(allocate())
	for _, want := range []string{"4503599627370496 bytes", "--batch-size 8", "--accum-freq", "--grad-checkpointing", "--precision amp_bf16"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a word on %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
	cuda := &torch.Error{Op: "matmul", Text: "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.10 GiB"}
	if err := testConfig(1).memoryHint(cuda); !strings.Contains(err.Error(), "20.00 MiB") || !strings.Contains(err.Error(), "--batch-size") {
		t.Errorf("got %v for a GPU's", err)
	}
	for _, other := range []error{nil, errors.New("out of memory"), &torch.Error{Op: "matmul", Text: "shapes do not fit"}} {
		if got := testConfig(1).memoryHint(other); got != other {
			t.Errorf("%v became %v", other, got)
		}
	}
}
