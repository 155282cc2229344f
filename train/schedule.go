package train

import "math"

// schedules maps the names of --lr-scheduler to the factor of the peak rate after the warm-up, for a fraction 0..1 of the
// steps that follow it.
var schedules = map[string]func(fraction float64) float64{
	"cosine": func(fraction float64) float64 { return 0.5 * (1 + math.Cos(math.Pi*fraction)) },
	"const":  func(float64) float64 { return 1 },
}

// LearningRate returns the rate of a step counted from 0, as open_clip's scheduler does: linear up to the peak over the
// warm-up, then by the schedule.
func (c Config) LearningRate(step int) float64 {
	if step < c.Warmup {
		return c.LR * float64(step+1) / float64(c.Warmup)
	}
	return c.LR * schedules[c.Scheduler](float64(step-c.Warmup)/float64(max(c.Steps-c.Warmup, 1)))
}
