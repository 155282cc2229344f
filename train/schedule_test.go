package train

import (
	"math"
	"testing"
)

func TestLearningRateFollowsOpenCLIP(t *testing.T) {
	c := DefaultConfig()
	c.LR, c.Warmup, c.Steps = 1, 10, 110
	for _, test := range []struct {
		scheduler string
		step      int
		want      float64
	}{
		{"cosine", 0, 0.1}, {"cosine", 9, 1}, {"cosine", 10, 1}, {"cosine", 60, 0.5}, {"cosine", 110, 0},
		{"const", 4, 0.5}, {"const", 10, 1}, {"const", 109, 1},
	} {
		c.Scheduler = test.scheduler
		if got := c.LearningRate(test.step); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("%s, step %d: %v, want %v", test.scheduler, test.step, got, test.want)
		}
	}
}

func TestValidateNamesTheFlag(t *testing.T) {
	for flag, spoil := range map[string]func(*Config){
		"--batch-size 0":   func(c *Config) { c.BatchSize = 0 },
		"--groups 3 does":  func(c *Config) { c.Groups = 3 },
		"--groups 64 leav": func(c *Config) { c.Groups = 64 },
		"--lr 0":           func(c *Config) { c.LR = 0 },
		"--lr NaN":         func(c *Config) { c.LR = math.NaN() },
		"--lr-scheduler":   func(c *Config) { c.Scheduler = "step" },
		"--precision":      func(c *Config) { c.Precision = "fp8" },
		"--beta2 1":        func(c *Config) { c.Beta2 = 1 },
	} {
		c := DefaultConfig()
		spoil(&c)
		err := c.Validate()
		if err == nil || len(err.Error()) < len(flag) || err.Error()[:len(flag)] != flag {
			t.Errorf("got %v, want an error that begins with %q", err, flag)
		}
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
}
