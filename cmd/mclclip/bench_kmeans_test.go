package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/mcl"
)

func TestBenchKMeans(t *testing.T) {
	path := filepath.Join(t.TempDir(), "features.f32")
	m := &mcl.Matrix{Data: slices.Concat(slices.Repeat([]float32{0, 1}, 50), slices.Repeat([]float32{1, 0}, 30), []float32{1, 1}), Columns: 2}
	if _, err := mcl.SaveFeatures(path, 2, m.Blocks()); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := mclclip(t, "", "bench", "kmeans", "--features", path, "--width", "2", "--clusters", "2", "--threads", "1")
	var got struct {
		Rows    int
		Inertia float64
	}
	// The odd row joins the smaller cluster, whose centre moves to (1, 1/31): 30 (1/31)^2 + (30/31)^2 = 30/31.
	if err := json.Unmarshal([]byte(stdout), &got); code != codeDone || err != nil || got.Rows != 81 || math.Abs(got.Inertia-30./31) > 1e-5 {
		t.Errorf("exit code %d, stdout %q, stderr %q, error %v", code, stdout, stderr, err)
	}
	for _, c := range []struct{ width, want string }{{"0", "--width 0"}, {"5", "no whole rows"}} {
		code, _, stderr := mclclip(t, "", "bench", "kmeans", "--features", path, "--width", c.width)
		if code == codeDone || !strings.Contains(stderr, c.want) {
			t.Errorf("width %s: exit code %d, stderr %q", c.width, code, stderr)
		}
	}
}
