package mcl

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/train/metrics"
)

// Stages and controls start from --tau, the base model from its own temperature.
func TestStagesStartFromTheirTemperature(t *testing.T) {
	c := smallRun()
	c.Stages, c.Tau, c.Train.LR, c.Base.Steps, c.Train.Steps = 1, 0.25, 1e-6, 2, 2
	dir := t.TempDir()
	if err := startRun(t, dir, c, sceneIndex(t, 128), nil).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, metrics.LinesFile))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		var step struct {
			Phase      string  `json:"phase"`
			LogitScale float64 `json:"logit_scale"`
		}
		if err := json.Unmarshal([]byte(line), &step); err != nil {
			t.Fatal(err)
		}
		if step.LogitScale == 0 {
			continue
		}
		want := 1 / c.Tau
		if step.Phase == "base" {
			want = 1 / 0.07
		}
		if math.Abs(step.LogitScale-want) > want/100 {
			t.Errorf("%s: logit scale %g, want %g", step.Phase, step.LogitScale, want)
		}
		seen[step.Phase] = true
	}
	if !seen["base"] || !seen["stage-1"] || !seen["control-1"] {
		t.Errorf("phases seen: %v", seen)
	}
	c.Tau = 2
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "--tau") {
		t.Errorf("--tau 2: %v", err)
	}
}
