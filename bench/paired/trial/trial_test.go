package trial

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// The p values are those of scipy 1.17.1's ttest_1samp(x, 0).
func TestPairedT(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{
		{[]float64{1, 2, 3}, 0.07417990022744853},
		{[]float64{11.5, 7, 12}, 0.02359373047022927},
		{[]float64{1, -1, 2, -2, 0.5}, 0.89540580448719},
		{[]float64{0.1, 0.2, 0.15, 0.3, 0.22, 0.18, 0.25, 0.21}, 3.302511694411271e-05},
		{[]float64{5}, 1}, {nil, 1}, {[]float64{2, 2}, 0}, {[]float64{0, 0}, 1},
	} {
		if got := PairedT(c.x); math.Abs(got-c.want) > 1e-9*max(c.want, 1e-3) {
			t.Errorf("%v: p is %v, want %v", c.x, got, c.want)
		}
	}
}

func TestATrialComparesOverSeeds(t *testing.T) {
	trial := Trial{Title: "t"}
	for seed, right := range []int{1, 2, 3} {
		trial.Add(Score{"8 bits", seed, "control", "shape", right, 4})
		trial.Add(Score{"8 bits", seed, "integrated", "shape", right + 1, 4})
		if err := trial.Compare("8 bits", seed, "shape", "control", "integrated", []bool{true, false, false}, []bool{true, true, false}); err != nil {
			t.Fatal(err)
		}
	}
	v := trial.Verdicts()
	if len(v) != 1 || v[0].Gain != 25 || v[0].Spread != 0 || v[0].Gained != 3 || v[0].Lost != 0 || math.Abs(v[0].PItems-.25) > 1e-12 {
		t.Errorf("verdicts are %+v", v)
	}
	var text, raw bytes.Buffer
	if err := trial.WriteText(&text); err != nil || !strings.Contains(text.String(), "50.0 +- 25.0") || !strings.Contains(text.String(), "3, 0") {
		t.Errorf("%v, table\n%s", err, &text)
	}
	var back struct {
		Scores   []Score
		Verdicts []Verdict
	}
	if err := trial.WriteJSON(&raw); err != nil || json.Unmarshal(raw.Bytes(), &back) != nil || len(back.Scores) != 6 || len(back.Verdicts) != 1 {
		t.Errorf("%v, JSON %s", err, &raw)
	}
	if err := trial.Compare("8 bits", 0, "shape", "a", "b", []bool{true}, nil); err == nil {
		t.Error("columns of other lengths are compared")
	}
}
