package train

import (
	"testing"

	"github.com/mclclip/mclclip/internal/torchtest"
)

func TestCheckpointedStepsAreTheSame(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"float32":    func(*Config) {},
		"autocast":   func(c *Config) { c.Precision = "amp_bf16" },
		"two passes": func(c *Config) { c.BatchSize, c.AccumFreq = 4, 2 },
	} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			after := func(checkpointing bool) map[string][]byte {
				model, cfg := tinyModel(t, 1), testConfig(3)
				change(&cfg)
				cfg.GradCheckpointing = checkpointing
				trainer := tinyTrainer(t, cfg, model)
				for step := range cfg.Steps {
					if _, err := trainer.Step(noiseBatch(step, 8)); err != nil {
						t.Fatal(err)
					}
				}
				if checkpointing != (trainer.tape != nil) {
					t.Error("the setting does nothing")
				}
				return weights(t, model)
			}
			if names := differing(after(false), after(true)); len(names) > 0 {
				t.Errorf("these weights differ: %v", names)
			}
		})
	}
}
