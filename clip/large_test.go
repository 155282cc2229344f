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

// largeCases are the models that the script has made.
func largeCases(t *testing.T) (dir string, cases []largeCase) {
	t.Helper()
	dir = os.Getenv(largeVariable)
	testneed.Require(t, "large", dir != "", "run scripts/golden_large.sh, which makes the models")
	raw, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err == nil {
		err = json.Unmarshal(raw, &cases)
	}
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	return dir, cases
}

type largeCase struct{ Name, Path, Features string }

// TestLargeLoading only loads, for the script that compares it with other libraries.
func TestLargeLoading(t *testing.T) {
	dir, cases := largeCases(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			torchtest.NoLeak(t)
			m, _ := loadLarge(t, filepath.Join(dir, c.Path))
			m.Close()
		})
	}
}

// TestLargeWeights loads models of real sizes, compares their features, and exports them for the script to load.
func TestLargeWeights(t *testing.T) {
	dir, cases := largeCases(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			torchtest.NoLeak(t)
			checkLarge(t, filepath.Join(dir, c.Path), filepath.Join(dir, c.Features), filepath.Join(dir, "exported", c.Name))
		})
	}
}

// loadLarge measures it.
func loadLarge(t *testing.T, path string) (m *Model, pre Preprocess) {
	t.Helper()
	var err error
	start := time.Now()
	rise := peak(t, func() { m, pre, err = Load(path, torch.CPU) })
	took := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	size := sizeOf(m)
	t.Logf("%d MB of weights in %.2f s, memory rises by %d MB (%.3f of it)", size>>20, took.Seconds(), rise>>20, float64(rise)/float64(size))
	if float64(rise) > 1.15*float64(size) {
		t.Error("this is too much memory")
	}
	return m, pre
}

func checkLarge(t *testing.T, path, features, exported string) {
	m, pre := loadLarge(t, path)
	defer m.Close()
	g := torchtest.Open(t, features)
	scope := torch.NewScope()
	defer scope.Close()
	var image, text float64
	torch.NoGrad(func() {
		image = torchtest.MaxDiff(m.EncodeImage(g.Tensor(scope, "pixels")).Floats(), g.Floats("image"))
		text = torchtest.MaxDiff(m.EncodeText(g.Tensor(scope, "tokens")).Floats(), g.Floats("text"))
	})
	t.Logf("features of images differ by %.1e, of texts by %.1e", image, text)
	if image > featureTolerance || text > featureTolerance {
		t.Error("one of these is too much")
	}
	start := time.Now()
	formats := Formats{OpenClip: true, HuggingFace: !m.Config.Vision.ResNet()}
	if err := m.Export(exported, pre, formats); err != nil {
		t.Fatal(err)
	}
	t.Logf("exported in %.2f s", time.Since(start).Seconds())
}
