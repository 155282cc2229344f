package paired

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func bits(s string) (right []bool) {
	for _, c := range s {
		right = append(right, c == '1')
	}
	return right
}

func three(t *testing.T) *Report {
	t.Helper()
	r := &Report{Title: "t", Notes: []string{"a note"}}
	for _, c := range [][2]string{{"base", "0000011111"}, {"integrated", "1111111110"}} {
		if err := r.Add(Column{Name: c[0], Metrics: Named([]Metric{Share("top-1", bits(c[1])), {Name: "mean rank", Value: 3.25}}, strings.Split("a b c d e f g h i j", " "))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Compare("base", "integrated"); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheComparisonCountsWhatOneAloneGetsRight(t *testing.T) {
	r := three(t)
	if len(r.Comparisons) != 1 {
		t.Fatalf("got %+v; a figure without items cannot be compared", r.Comparisons)
	}
	if c := r.Comparisons[0]; c.Gained != 5 || c.Lost != 1 || math.Abs(c.P-2*7.0/64) > 1e-12 {
		t.Errorf("got %+v, want 5 gained, 1 lost, p 14/64", c)
	}
}

func TestTheTableHasValuesAndIntervals(t *testing.T) {
	var out strings.Builder
	if err := three(t).WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"top-1", "50.00", "90.00", "23.7-76.3", "3.25", "5 gained, 1 lost, p = 0.219", "a note"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestJSONAndCSV(t *testing.T) {
	var out bytes.Buffer
	if err := three(t).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || len(back.Columns) != 2 || back.Columns[0].Metrics[0].Items != 10 || back.Comparisons[0].Lost != 1 {
		t.Errorf("got %+v, %v", back, err)
	}
	out.Reset()
	if err := three(t).WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1+2*10 || !strings.Contains(out.String(), "integrated,top-1,9,false,j\n") {
		t.Errorf("%d lines:\n%s", lines, out.String())
	}
}

func TestColumnsMustMatch(t *testing.T) {
	r := three(t)
	for want, c := range map[string]Column{
		`two columns have the name "base"`: {Name: "base"},
		"has 1 metrics":                    {Name: "x", Metrics: []Metric{Share("top-1", bits("1111111111"))}},
		"of 2 items":                       {Name: "x", Metrics: []Metric{Share("top-1", bits("11")), {Name: "mean rank"}}},
	} {
		if err := r.Add(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
	if err := r.Compare("base", "control"); err == nil {
		t.Error("a column that is not there was compared")
	}
}
