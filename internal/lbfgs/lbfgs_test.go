package lbfgs

import (
	"math"
	"testing"
)

// Rosenbrock's valley has its minimum, 0, at (1, ..., 1).
func rosenbrock(x, g []float64) float64 {
	clear(g)
	sum := 0.0
	for i := 0; i+1 < len(x); i++ {
		a, b := x[i+1]-x[i]*x[i], 1-x[i]
		sum += 100*a*a + b*b
		g[i] += -400*a*x[i] - 2*b
		g[i+1] += 200 * a
	}
	return sum
}

func TestRosenbrocksValley(t *testing.T) {
	x := []float64{-1.2, 1, -1.2, 1, 0.5, 3}
	r := Minimize(x, rosenbrock, Config{Gradient: 1e-9})
	if !r.Converged || r.Value > 1e-15 {
		t.Errorf("got %+v", r)
	}
	for i, v := range x {
		if math.Abs(v-1) > 1e-8 {
			t.Errorf("x[%d] is %v, want 1", i, v)
		}
	}
}

// log(x) is not defined left of 0, where a long first step would lead.
func TestTheSearchStaysWhereTheFunctionIsDefined(t *testing.T) {
	x := []float64{1e-3}
	r := Minimize(x, func(x, g []float64) float64 {
		g[0] = 1 - 2/x[0]
		return x[0] - 2*math.Log(x[0])
	}, Config{})
	if !r.Converged || math.Abs(x[0]-2) > 1e-4 {
		t.Errorf("x is %v after %+v, want 2", x[0], r)
	}
}

func TestIterationsAreBounded(t *testing.T) {
	x := []float64{-1.2, 1}
	if r := Minimize(x, rosenbrock, Config{MaxIterations: 3}); r.Converged || r.Iterations != 3 {
		t.Errorf("got %+v", r)
	}
	flat := func(x, g []float64) float64 { g[0] = math.NaN(); return math.NaN() }
	if r := Minimize([]float64{1}, flat, Config{}); r.Converged || r.Iterations != 0 {
		t.Errorf("of a function that is NaN: got %+v", r)
	}
}
