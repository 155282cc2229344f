package clip

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mclclip/mclclip/internal/testneed"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// largeVariable names the folder that scripts/golden_large.py fills.
const largeVariable = "MCLCLIP_LARGE"

// largeTolerance is that of features of real sizes, relative to the largest: they are sums through 12 to 24 blocks.
const largeTolerance = 1e-4

// TestLargeWeights loads models of real sizes, measures it, compares their features, and exports them for the script to load.
func TestLargeWeights(t *testing.T) {
	dir := os.Getenv(largeVariable)
	testneed.Require(t, "large", dir != "", "run scripts/golden_large.sh, which makes the models")
	var cases []struct{ Name, Path, Features string }
	raw, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err == nil {
		err = json.Unmarshal(raw, &cases)
	}
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			torchtest.NoLeak(t)
			checkLarge(t, filepath.Join(dir, c.Path), filepath.Join(dir, c.Features), filepath.Join(dir, "exported", c.Name))
		})
	}
}

func checkLarge(t *testing.T, path, features, exported string) {
	var m *Model
	var pre Preprocess
	var err error
	start := time.Now()
	rise := peak(t, func() { m, pre, err = Load(path, torch.CPU) })
	took := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	size := sizeOf(m)
	g := torchtest.Open(t, features)
	scope := torch.NewScope()
	defer scope.Close()
	var image, text float64
	torch.NoGrad(func() {
		image = torchtest.RelDiff(m.EncodeImage(g.Tensor(scope, "pixels")).Floats(), g.Floats("image"))
		text = torchtest.RelDiff(m.EncodeText(g.Tensor(scope, "tokens")).Floats(), g.Floats("text"))
	})
	t.Logf("%d MB of weights in %.2f s, memory rises by %d MB (%.3f of it), features differ by %.1e and %.1e of the largest",
		size>>20, took.Seconds(), rise>>20, float64(rise)/float64(size), image, text)
	if image > largeTolerance || text > largeTolerance || float64(rise) > 1.15*float64(size) {
		t.Error("one of these is too much")
	}
	start = time.Now()
	if err := m.Export(exported, pre, forBoth); err != nil {
		t.Fatal(err)
	}
	t.Logf("exported for both libraries in %.2f s", time.Since(start).Seconds())
}
