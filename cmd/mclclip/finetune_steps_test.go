package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train/metrics"
)

// A warm-up that takes all steps is told with its cure, of the base model and of the stages.
func TestAWarmUpThatTakesAllStepsIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		base, stage, stages int
		want                []string // flags that the warnings name as cures
	}{
		"both":       {30, 50, 2, []string{"raise --base-steps", "raise --steps"}},
		"base":       {30, 51, 2, []string{"raise --base-steps"}},
		"stages":     {0, 20, 2, []string{"raise --steps"}},
		"no stages":  {100, 20, 0, nil},
		"long steps": {100, 100, 2, nil},
	} {
		f := &finetune{cfg: mcl.DefaultConfig()}
		f.cfg.Base.Steps, f.cfg.Train.Steps, f.cfg.Stages = test.base, test.stage, test.stages
		var out bytes.Buffer
		log, err := metrics.Open(metrics.Config{Console: &out})
		if err != nil {
			t.Fatal(err)
		}
		f.steps(1000, log)
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "lower --warmup or raise"); got != len(test.want) {
			t.Errorf("%s: %d warnings, want %d:\n%s", name, got, len(test.want), out.String())
		}
		for _, want := range test.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no warning says %q:\n%s", name, want, out.String())
			}
		}
	}
}
