// Package lbfgs minimises smooth functions of many variables by limited-memory BFGS (Nocedal and Wright 2006, algorithm 7.5).
package lbfgs

import "math"

// Config says when a minimisation ends.
type Config struct {
	History       int     // pairs of steps and gradient changes that are remembered; 0 means 10
	MaxIterations int     // 0 means 1000
	Gradient      float64 // done when no component of the gradient is larger; 0 means 1e-5
}

// Result says how a minimisation ended.
type Result struct {
	Value      float64 // of the function at the end
	Iterations int
	Converged  bool // the gradient is as small as was asked for
}

// Function returns the value at x and writes the gradient there.
type Function func(x, gradient []float64) float64

// step is one remembered pair: s the change of x, y that of the gradient.
type step struct {
	s, y []float64
	rho  float64 // 1 / (s . y)
}

// Minimize moves x to a local minimum of f. A value that is not finite counts as infinitely large, so that the search stays where
// f is defined; where no step makes f smaller, the search ends.
func Minimize(x []float64, f Function, c Config) Result {
	if c.History == 0 {
		c.History = 10
	}
	if c.MaxIterations == 0 {
		c.MaxIterations = 1000
	}
	if c.Gradient == 0 {
		c.Gradient = 1e-5
	}
	gradient := make([]float64, len(x))
	r := Result{Value: f(x, gradient)}
	var steps []step
	for r.Iterations < c.MaxIterations {
		if r.Converged = largest(gradient) <= c.Gradient; r.Converged {
			return r
		}
		d := direction(gradient, steps)
		next, value, after, ok := search(f, x, d, r.Value, gradient, len(steps) == 0)
		if !ok && len(steps) > 0 { // once more along the gradient
			steps = nil
			continue
		}
		if !ok {
			return r
		}
		steps = remember(steps, x, next, gradient, after, c.History)
		copy(x, next)
		gradient, r.Value = after, value
		r.Iterations++
	}
	r.Converged = largest(gradient) <= c.Gradient
	return r
}

// remember adds a pair where the function curves upwards, as it does after a step that meets Wolfe's conditions.
func remember(steps []step, x, next, gradient, after []float64, most int) []step {
	s, y := make([]float64, len(x)), make([]float64, len(x))
	for i := range x {
		s[i], y[i] = next[i]-x[i], after[i]-gradient[i]
	}
	sy := dot(s, y)
	if !(sy > 0) {
		return steps
	}
	steps = append(steps, step{s, y, 1 / sy})
	if len(steps) > most {
		steps = steps[1:]
	}
	return steps
}

// direction is minus the inverse Hessian's estimate times the gradient (the two-loop recursion).
func direction(gradient []float64, steps []step) []float64 {
	d := make([]float64, len(gradient))
	for i, g := range gradient {
		d[i] = -g
	}
	alpha := make([]float64, len(steps))
	for k := len(steps) - 1; k >= 0; k-- {
		alpha[k] = steps[k].rho * dot(steps[k].s, d)
		add(d, -alpha[k], steps[k].y)
	}
	if n := len(steps); n > 0 {
		scale := 1 / (steps[n-1].rho * dot(steps[n-1].y, steps[n-1].y))
		for i := range d {
			d[i] *= scale
		}
	}
	for k, s := range steps {
		add(d, alpha[k]-s.rho*dot(s.y, d), s.s)
	}
	return d
}

// Constants of Wolfe's conditions, as usual for quasi-Newton methods, and the most tries of one search.
const (
	decrease  = 1e-4
	curvature = 0.9
	tries     = 60
	rounding  = 1e-15 // of values, relative: near the minimum they do not tell steps apart, gradients still do
)

// search finds a step along d that meets Wolfe's conditions by bisection (Lewis and Overton 2013, algorithm 4.6).
func search(f Function, x, d []float64, value float64, gradient []float64, first bool) (next []float64, at float64, after []float64, ok bool) {
	slope := dot(d, gradient)
	if !(slope < 0) {
		return nil, 0, nil, false
	}
	t, low, high := 1.0, 0.0, math.Inf(1)
	if first {
		t = min(1, 1/math.Sqrt(dot(gradient, gradient)))
	}
	next, after = make([]float64, len(x)), make([]float64, len(x))
	noise := rounding * math.Abs(value)
	for range tries {
		copy(next, x)
		add(next, t, d)
		at = f(next, after)
		switch {
		case !(at <= value+decrease*t*slope+noise):
			high = t
		case dot(d, after) < curvature*slope:
			low = t
		default:
			return next, at, after, true
		}
		if math.IsInf(high, 1) {
			t = 2 * low
		} else {
			t = (low + high) / 2
		}
	}
	return nil, 0, nil, false
}

func dot(a, b []float64) (sum float64) {
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// add adds factor times b to a.
func add(a []float64, factor float64, b []float64) {
	for i, x := range b {
		a[i] += factor * x
	}
}

func largest(a []float64) (most float64) {
	for _, x := range a {
		if !(math.Abs(x) <= most) {
			most = math.Abs(x)
		}
	}
	return most
}
