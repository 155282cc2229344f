package clip

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// goldenConfig is the configuration that a golden file was made with.
func goldenConfig(t *testing.T, g *torchtest.Golden) Config {
	t.Helper()
	var golden struct {
		Model Config `json:"model_cfg"`
	}
	if err := json.Unmarshal([]byte(g.Metadata("golden")), &golden); err != nil {
		t.Fatal(err)
	}
	return golden.Model
}

// goldenModel reads the model of a golden file, after change has had its way with its configuration.
func goldenModel(t *testing.T, g *torchtest.Golden, change func(*Config)) *Model {
	t.Helper()
	c := goldenConfig(t, g)
	if change != nil {
		change(&c)
	}
	m, err := build(c, func(p nn.Param) (*torch.Tensor, error) { return g.Tensor(nil, "weight/"+p.Name), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// goldenJSON reads a golden file of facts.
func goldenJSON(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func useGELU(c *Config) { c.QuickGELU = false }
