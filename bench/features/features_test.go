package features

import (
	"math"
	"slices"
	"testing"
)

func TestMeanRecallWeighsClassesAlike(t *testing.T) {
	right := []bool{true, true, true, false, false, true}
	if got := MeanRecall(right, []int{0, 0, 0, 0, 5, 5}); got != 62.5 { // 3 of 4 and 1 of 2; classes 1 to 4 do not occur
		t.Errorf("got %v, want 62.5", got)
	}
}

func TestUnitLeavesTheFeaturesAsTheyAre(t *testing.T) {
	rows := [][]float32{{3, 4}}
	if got := Unit(rows); math.Abs(float64(got[0][0])-0.6) > 1e-7 || rows[0][0] != 3 {
		t.Errorf("got %v of %v", got, rows)
	}
}

func TestDotOfEveryLength(t *testing.T) {
	var a, b []float32
	want := 0.0
	for i := range 9 {
		a, b = append(a, float32(i)), append(b, float32(i+1))
		want += float64(i * (i + 1))
		if got := Dot(a, b); got != want {
			t.Errorf("%d numbers: got %v, want %v", i+1, got, want)
		}
	}
}

func TestClassesAreNumberedByName(t *testing.T) {
	numbers, classes := Numbered([]string{"b", "a", "b", "c"})
	if !slices.Equal(numbers, []int{1, 0, 1, 2}) || !slices.Equal(classes, []string{"a", "b", "c"}) {
		t.Errorf("got %v of %v", numbers, classes)
	}
}
