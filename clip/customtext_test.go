package clip

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// A model that open_clip made with custom_text has text. before the names of its text tower.
func TestCustomTextComesInAndGoesOut(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "testdata/plain.safetensors")
	c := goldenConfig(t, g)
	dir := t.TempDir()
	path := filepath.Join(dir, WeightsFile)
	var weights []safetensors.Tensor
	for name, tensor := range readTensors(t, "testdata/plain.safetensors") {
		if inner, ok := strings.CutPrefix(name, "weight/"); ok {
			tensor.Name = inner
			weights = append(weights, tensor)
		}
	}
	if err := writeWeights(path, weights); err != nil {
		t.Fatal(err)
	}
	for _, custom := range []bool{true, false} { // the names in the file count, whatever the configuration says
		c.CustomText = custom
		if err := writeConfig(filepath.Join(dir, ConfigFile), c, DefaultPreprocess(c)); err != nil {
			t.Fatal(err)
		}
		m, pre := load(t, dir)
		scope := torch.NewScope()
		defer scope.Close()
		torch.NoGrad(func() {
			image := torchtest.MaxDiff(m.EncodeImage(g.Tensor(scope, "pixels")).Floats(), g.Floats("image"))
			text := torchtest.MaxDiff(m.EncodeText(g.Tensor(scope, "tokens")).Floats(), g.Floats("text"))
			if image > featureTolerance || text > featureTolerance {
				t.Errorf("features of pixels differ by %g, of tokens by %g", image, text)
			}
		})
		out := export(t, m, pre, forBoth)
		sameTensors(t, path, filepath.Join(out, WeightsFile))
		if again, _, err := ReadConfig(out); err != nil || !again.CustomText {
			t.Errorf("got %+v, %v", again, err)
		}
	}
}
