package probe

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/golden"
)

const trained = 240 // rows of the golden that the reference was fitted to

type reference struct {
	x         [][]float32
	labels    []int
	classes   int
	c         float64
	weights   []float64
	intercept []float64
	predicted []int
	knn       []int
}

func read(t *testing.T, name string) reference {
	t.Helper()
	file := golden.Open(t, "testdata/probe.safetensors")
	r := reference{
		x: file.Rows(name + ".features"), labels: file.Ints(name + ".labels"), c: file.Flat(name + ".c")[0],
		weights: file.Flat(name + ".weights"), intercept: file.Flat(name + ".intercept"),
		predicted: file.Ints(name + ".predicted"), knn: file.Ints(name + ".knn"),
	}
	r.classes = slices.Max(r.labels) + 1
	return r
}

func fit(t *testing.T, r reference, c float64) *Linear {
	t.Helper()
	config := DefaultConfig()
	config.C, config.Gradient = c, 1e-9
	l, err := Fit(r.x[:trained], r.labels[:trained], r.classes, config)
	if err != nil {
		t.Fatal(err)
	}
	if !l.Converged {
		t.Errorf("not converged at loss %v", l.Loss)
	}
	return l
}

// furthest is the largest difference of the coefficients.
func furthest(l *Linear, r reference) (most float64) {
	for i, x := range slices.Concat(slices.Concat(l.Weights...), l.Intercept) {
		most = max(most, math.Abs(x-slices.Concat(r.weights, r.intercept)[i]))
	}
	return most
}

func TestTheLinearProbeIsScikitLearns(t *testing.T) {
	for _, name := range []string{"six", "two", "weak penalty"} {
		t.Run(name, func(t *testing.T) {
			r := read(t, name)
			l := fit(t, r, r.c)
			if d := furthest(l, r); d > 1e-5 {
				t.Errorf("coefficients differ by up to %v", d)
			}
			predicted, err := l.Predict(r.x[trained:])
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(predicted, r.predicted) {
				t.Errorf("predicted %v, want %v", predicted, r.predicted)
			}
			if d := furthest(fit(t, r, 2*r.c), r); d < 1e-3 { // another penalty must tell
				t.Errorf("with twice the C the coefficients differ by no more than %v", d)
			}
		})
	}
}

func TestNearestNeighboursAreScikitLearns(t *testing.T) {
	for _, name := range []string{"six", "two", "weak penalty"} {
		r := read(t, name)
		predict := func(k KNN) []int {
			predicted, err := k.Predict(r.x[:trained], r.labels[:trained], r.classes, r.x[trained:])
			if err != nil {
				t.Fatal(err)
			}
			return predicted
		}
		if got := predict(DefaultKNN()); !slices.Equal(got, r.knn) {
			t.Errorf("%s: predicted %v, want %v", name, got, r.knn)
		}
		if got := predict(KNN{K: 1, Temperature: 0.07}); slices.Equal(got, r.knn) {
			t.Errorf("%s: one neighbour predicts what twenty do", name)
		}
	}
}

func TestTheGradientIsThatOfTheLoss(t *testing.T) {
	for _, name := range []string{"six", "two"} {
		r := read(t, name)
		rows := r.classes
		if rows == 2 {
			rows = 1
		}
		p := &problem{x: r.x[:50], labels: r.labels[:50], rows: rows, penalty: 0.01}
		theta := make([]float64, rows*13)
		for i := range theta {
			theta[i] = math.Sin(float64(3 * i))
		}
		gradient, none := make([]float64, len(theta)), make([]float64, len(theta))
		p.loss(theta, gradient)
		for i := range theta {
			const h = 1e-5
			at := theta[i]
			theta[i] = at + h
			up := p.loss(theta, none)
			theta[i] = at - h
			down := p.loss(theta, none)
			theta[i] = at
			if slope := (up - down) / (2 * h); math.Abs(slope-gradient[i]) > 1e-7 {
				t.Errorf("%s: component %d is %v, the loss says %v", name, i, gradient[i], slope)
			}
		}
	}
}

func TestTheSplitKeepsTheClasses(t *testing.T) {
	labels := make([]int, 100)
	for i := range labels {
		labels[i] = i % 4 / 2 // 50 and 50
	}
	labels[7] = 2 // alone in its class: stays in training
	train, test := Split(labels, 3, 0.2, 1)
	counts := [3]int{}
	for _, i := range test {
		counts[labels[i]]++
	}
	if counts != [3]int{10, 10, 0} || len(train)+len(test) != 100 || !slices.Contains(train, 7) {
		t.Errorf("test classes %v, %d and %d items", counts, len(train), len(test))
	}
	if again, _ := Split(labels, 3, 0.2, 1); !slices.Equal(again, train) {
		t.Error("one seed, two splits")
	}
	if other, _ := Split(labels, 3, 0.2, 2); slices.Equal(other, train) {
		t.Error("two seeds, one split")
	}
}

func TestUnfitFeaturesAreRefused(t *testing.T) {
	x := [][]float32{{1, 0}, {0, 1}}
	c := DefaultConfig()
	for name, run := range map[string]struct {
		do   func() error
		want string
	}{
		"a single class":        {func() error { _, err := Fit(x, []int{1, 1}, 2, c); return err }, "all 2 training features have one class"},
		"a single class at all": {func() error { _, err := Fit(x, []int{0, 0}, 1, c); return err }, "a single class"},
		"NaN": {func() error {
			_, err := Fit([][]float32{{1, 0}, {0, float32(math.NaN())}}, []int{0, 1}, 2, c)
			return err
		}, "training 1: the feature is zero or not finite"},
		"labels missing": {func() error { _, err := Fit(x, []int{0}, 2, c); return err }, "1 labels for 2 features"},
		"C":              {func() error { _, err := Fit(x, []int{0, 1}, 2, Config{}); return err }, "C is 0"},
		"widths, kNN": {func() error {
			_, err := DefaultKNN().Predict(x, []int{0, 1}, 2, [][]float32{{1, 0, 0}})
			return err
		}, "not of one model"},
		"widths, linear": {func() error {
			l, err := Fit(x, []int{0, 1}, 2, c)
			if err == nil {
				_, err = l.Predict([][]float32{{1}})
			}
			return err
		}, "test features have 1 dimensions"},
		"no neighbours": {func() error { _, err := KNN{}.Predict(x, []int{0, 1}, 2, x); return err }, "0 neighbours"},
	} {
		if err := run.do(); err == nil || !strings.Contains(err.Error(), run.want) {
			t.Errorf("%s: got error %v, want %q", name, err, run.want)
		}
	}
}
