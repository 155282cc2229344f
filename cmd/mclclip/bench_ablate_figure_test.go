package main

import (
	"slices"
	"testing"

	"github.com/mclclip/mclclip/bench/paired/trial"
)

func TestPressureIsPairsOfABlockForEachCodeLeft(t *testing.T) {
	f := &benchAblate{bits: 8}
	for _, test := range []struct {
		choice map[string]string
		want   float64
	}{
		{map[string]string{"clusters": "32", "groups": "4"}, 16. / 8},
		{map[string]string{"clusters": "4", "groups": "16"}, 4. / 64},
		{map[string]string{"clusters": "16", "groups": "1", "stages": "2"}, 64},      // 256 labels hold one code each
		{map[string]string{"clusters": "4", "groups": "4", "cluster-on": "both"}, 1}, // 16 labels
		{map[string]string{"clusters": "512", "groups": "2", "batch-size": "8"}, 4},  // and cannot hold less than one
	} {
		if got := f.pressure(test.choice); got != test.want {
			t.Errorf("%v: %g, want %g", test.choice, got, test.want)
		}
	}
}

func TestGainIsIntegratedLessControl(t *testing.T) {
	tr := &trial.Trial{}
	for _, s := range []trial.Score{
		{Setting: "a", Seed: 0, Column: "integrated", Metric: "shape", Right: 8, Of: 10},
		{Setting: "a", Seed: 0, Column: "control", Metric: "shape", Right: 5, Of: 10},
		{Setting: "a", Seed: 0, Column: "integrated", Metric: "texture", Right: 9, Of: 10},
		{Setting: "a", Seed: 0, Column: "control", Metric: "texture", Right: 10, Of: 10},
		{Setting: "a", Seed: 0, Column: "base", Metric: "texture", Right: 1, Of: 10},
		{Setting: "a", Seed: 1, Column: "control", Metric: "shape", Right: 5, Of: 10},
		{Setting: "a", Seed: 1, Column: "integrated", Metric: "shape", Right: 4, Of: 10},
		{Setting: "b", Seed: 0, Column: "integrated", Metric: "shape", Right: 10, Of: 10},
	} {
		tr.Add(s)
	}
	if got := gainBySeed(tr, "a"); !slices.Equal(got, []float64{10, -10}) {
		t.Errorf("gains %v, want 10 (two features) and -10", got)
	}
}
