package probe

import (
	"fmt"
	"math"

	"github.com/mclclip/mclclip/bench/features"
	"github.com/mclclip/mclclip/internal/lbfgs"
)

// Config says how a linear probe is fitted.
type Config struct {
	C             float64 // inverse strength of the penalty, scikit-learn's C
	MaxIterations int     // of L-BFGS
	Gradient      float64 // done when no component of the mean loss's gradient is larger, scikit-learn's tol
}

// DefaultConfig returns OpenAI's settings, with a gradient as small as makes coefficients of two implementations alike.
func DefaultConfig() Config { return Config{C: 0.316, MaxIterations: 1000, Gradient: 1e-6} }

// Linear is a fitted linear probe.
type Linear struct {
	Classes   int
	Weights   [][]float64 // [C, D]; [1, D] for two classes, of the second against the first
	Intercept []float64   // [C] or [1]
	Loss      float64     // mean, with the penalty
	Converged bool        // before MaxIterations
}

// Fit fits a linear probe to features [n, D] as they are (normalise them before if they are to be) and their labels 0..classes-1.
func Fit(x [][]float32, labels []int, classes int, c Config) (*Linear, error) {
	if !(c.C > 0) || math.IsInf(c.C, 0) {
		return nil, fmt.Errorf("C is %g, want a number above 0", c.C)
	}
	if err := features.Check("training", x); err != nil {
		return nil, err
	}
	if err := features.Labels(labels, len(x), classes); err != nil {
		return nil, err
	}
	if err := manyClasses(labels); err != nil {
		return nil, err
	}
	l := &Linear{Classes: classes}
	rows := classes
	if classes == 2 {
		rows = 1
	}
	width := len(x[0])
	p := &problem{x: x, labels: labels, rows: rows, penalty: 1 / (c.C * float64(len(x)))}
	theta := make([]float64, rows*(width+1))
	r := lbfgs.Minimize(theta, p.loss, lbfgs.Config{MaxIterations: c.MaxIterations, Gradient: c.Gradient})
	l.Loss, l.Converged = r.Value, r.Converged
	for row := range rows {
		part := theta[row*(width+1) : (row+1)*(width+1)]
		l.Weights, l.Intercept = append(l.Weights, part[:width]), append(l.Intercept, part[width])
	}
	return l, nil
}

// manyClasses refuses labels that are all the same.
func manyClasses(labels []int) error {
	for _, label := range labels {
		if label != labels[0] {
			return nil
		}
	}
	return fmt.Errorf("all %d training features have one class: a probe needs two or more", len(labels))
}

// Predict returns the class of each feature [n, D].
func (l *Linear) Predict(x [][]float32) ([]int, error) {
	if err := features.Check("test", x); err != nil {
		return nil, err
	}
	if len(x[0]) != len(l.Weights[0]) {
		return nil, fmt.Errorf("test features have %d dimensions, the probe was fitted to %d", len(x[0]), len(l.Weights[0]))
	}
	classes := make([]int, len(x))
	features.Parallel(len(x), func(from, to int) {
		scores := make([]float64, l.Classes)
		for i := from; i < to; i++ {
			first := l.Classes - len(l.Weights) // of two classes the first has score 0
			for row, w := range l.Weights {
				scores[first+row] = score(w, x[i]) + l.Intercept[row]
			}
			for c, s := range scores {
				if s > scores[classes[i]] {
					classes[i] = c
				}
			}
		}
	})
	return classes, nil
}

// problem is the loss of the probe as a function of its coefficients: rows of D weights and an intercept.
type problem struct {
	x       [][]float32
	labels  []int
	rows    int
	penalty float64 // 1 / (C n)
}

// parts is the number of parts whose gradients are made in parallel. It is fixed, so that the sum is the same on every machine.
const parts = 16

// loss is the mean cross-entropy with the penalty.
func (p *problem) loss(theta, gradient []float64) float64 {
	n := len(p.x)
	losses, gradients := make([]float64, parts), make([][]float64, parts)
	features.Parallel(parts, func(from, to int) {
		for part := from; part < to; part++ {
			gradients[part] = make([]float64, len(theta))
			losses[part] = p.part(theta, gradients[part], part*n/parts, (part+1)*n/parts)
		}
	})
	clear(gradient)
	total := 0.0
	for part, g := range gradients {
		total += losses[part] / float64(n)
		for i, v := range g {
			gradient[i] += v / float64(n)
		}
	}
	width := len(p.x[0])
	for i, v := range theta {
		if i%(width+1) < width { // not the intercepts
			total += p.penalty / 2 * v * v
			gradient[i] += p.penalty * v
		}
	}
	return total
}

// part adds up the loss and the gradient of the rows from..to-1.
func (p *problem) part(theta, gradient []float64, from, to int) (total float64) {
	width := len(p.x[0])
	scores := make([]float64, max(2, p.rows))
	first := len(scores) - p.rows
	for i := from; i < to; i++ {
		for row := range p.rows {
			w := theta[row*(width+1) : (row+1)*(width+1)]
			scores[first+row] = score(w[:width], p.x[i]) + w[width]
		}
		total += softmaxLoss(scores, p.labels[i])
		for row := range p.rows {
			g := gradient[row*(width+1) : (row+1)*(width+1)]
			d := scores[first+row]
			for j, v := range p.x[i] {
				g[j] += d * float64(v)
			}
			g[width] += d
		}
		scores[0] = 0
	}
	return total
}

// softmaxLoss returns the cross-entropy and turns the scores into its gradient.
func softmaxLoss(scores []float64, label int) float64 {
	most := scores[0]
	for _, s := range scores {
		most = max(most, s)
	}
	sum, own := 0.0, scores[label]-most
	for i, s := range scores {
		scores[i] = math.Exp(s - most)
		sum += scores[i]
	}
	for i := range scores {
		scores[i] /= sum
	}
	scores[label]--
	return math.Log(sum) - own
}

// score is the inner product of weights and a feature.
func score(w []float64, x []float32) float64 {
	w = w[:len(x)]
	s0, s1 := 0.0, 0.0
	i := 0
	for ; i+1 < len(x); i += 2 {
		s0 += w[i] * float64(x[i])
		s1 += w[i+1] * float64(x[i+1])
	}
	if i < len(x) {
		s0 += w[i] * float64(x[i])
	}
	return s0 + s1
}
