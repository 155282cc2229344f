package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestBenchScale(t *testing.T) {
	args := []string{"bench", "scale", "--rows", "20000", "--width", "5", "--clusters", "4", "--batch-size", "64", "--groups", "4", "--max-passes", "2", "--threads", "1"}
	code, stdout, stderr := mclclip(t, "", append(args, "--json")...)
	var got []scaleResult
	if err := json.Unmarshal([]byte(stdout), &got); code != codeDone || err != nil || len(got) != 1 {
		t.Fatalf("exit code %d, stdout %q, stderr %q, error %v", code, stdout, stderr, err)
	}
	r := got[0]
	if r.Rows != 20000 || r.Groups < 4 || r.Batches < 300 || r.Batches > 20000/64 || r.Peak < r.Before || !(r.KMeans > 0) {
		t.Errorf("got %+v", r)
	}
	for _, c := range [][3]string{{"--rows", "many", "--rows"}, {"--rows", "100", "--clusters"}, {"--width", "0", "--width"}} {
		changed := slices.Clone(args)
		changed[slices.Index(args, c[0])+1] = c[1]
		if code, _, stderr := mclclip(t, "", changed...); code != codeUsage || !strings.Contains(stderr, c[2]) {
			t.Errorf("%v: exit code %d, stderr %q", c, code, stderr)
		}
	}
}

func TestSimulatedFeaturesAreTheSameInEachPass(t *testing.T) {
	read := func(s simulated) (all []float32) {
		for x := range s.Blocks() {
			all = append(all, x...)
		}
		return all
	}
	s := simulated{rows: 20000, width: 6, seed: 3}
	first := read(s)
	if len(first) != 20000*6 || !slices.Equal(first, read(s)) || slices.Equal(first, read(simulated{20000, 6, 4})) {
		t.Error("passes differ, or seeds do not")
	}
}

func TestSimulatedRowsReadSinglyAreThoseOfAPass(t *testing.T) {
	s := simulated{rows: 20000, width: 6, seed: 3}
	var all []float32
	for x := range s.Blocks() {
		all = append(all, x...)
	}
	rows := []int64{0, 1, 16383, 16384, 19999}
	err := s.ReadRows(rows, func(i int, x []float32) {
		if at := int(rows[i]) * 6; !slices.Equal(x, all[at:at+6]) {
			t.Errorf("row %d differs", rows[i])
		}
	})
	if err != nil {
		t.Error(err)
	}
}
