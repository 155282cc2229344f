package mcl

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torchtest"
)

func TestProductOfClusterings(t *testing.T) {
	a := &Clustering{Centroids: Centroids{Data: []float32{1, 2, 3, 4}, Clusters: 2, Width: 2}, Assign: []int32{0, 1, 1, 0}, Inertia: 2}
	b := &Clustering{Centroids: Centroids{Data: []float32{5, 6, 7}, Clusters: 3, Width: 1}, Assign: []int32{2, 0, 2, 2}, Inertia: 3}
	p := Product(a, b)
	if p.Clusters != 6 || p.Width != 3 || !slices.Equal(p.Assign, []int32{2, 3, 5, 2}) || !slices.Equal(p.Sizes, []int64{0, 0, 2, 1, 0, 1}) || p.Inertia != 5 {
		t.Errorf("the product is %+v", p)
	}
	if !slices.Equal(p.Row(0), []float32{1, 2, 5}) || !slices.Equal(p.Row(5), []float32{3, 4, 7}) {
		t.Errorf("its centroids are %v", p.Data)
	}
}

// Images and texts give other labels, their product both; it refines each.
func TestRunsClusteredOnEachView(t *testing.T) {
	torchtest.NoLeak(t)
	index := sceneIndex(t, 160)
	labels := map[string]*Labels{}
	for _, view := range []string{onImage, onText, onBoth} {
		dir, c := t.TempDir(), smallRun()
		c.Stages, c.Control, c.ClusterOn, c.Base.Steps, c.Train.Steps = 1, false, view, 2, 1
		if err := startRun(t, dir, c, index, io.Discard).Finish(t.Context()); err != nil {
			t.Fatalf("%s: %v", view, err)
		}
		l, err := NewestLabels(dir, 1)
		if err != nil {
			t.Fatal(err)
		}
		labels[view] = l
		if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.f32")); len(left) > 0 {
			t.Errorf("%v were left", left)
		}
	}
	if labels[onImage].Clusters != 3 || labels[onBoth].Clusters != 9 || slices.Equal(labels[onImage].ByRow, labels[onText].ByRow) {
		t.Errorf("clusters by image %d, by both %d", labels[onImage].Clusters, labels[onBoth].Clusters)
	}
	for row, both := range labels[onBoth].ByRow {
		if want := labels[onImage].ByRow[row]*3 + labels[onText].ByRow[row]; both != want {
			t.Fatalf("row %d is in cluster %d of the product, want %d", row, both, want)
		}
	}
}

func TestViewsThatCannotBeAreRefused(t *testing.T) {
	for want, spoil := range map[string]func(*Config){
		`--cluster-on "sound"`: func(c *Config) { c.ClusterOn = "sound" },
		"are the same in all 2 stages": func(c *Config) {
			c.ClusterOn, c.Lock.Text = onText, true
		},
	} {
		c := smallRun()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a word on %s", err, want)
		}
	}
	c := smallRun()
	c.ClusterOn, c.Clusters = onBoth, 10
	if err := c.Check(1600); err == nil || !strings.Contains(err.Error(), "10 of images and as many of texts over --stages 2 makes 10000 labels") || !strings.Contains(err.Error(), "--stages 1 or --clusters 3 would fit") {
		t.Errorf("got %v", err)
	}
	if err := c.Check(80000); err != nil {
		t.Errorf("10000 labels with a block each: %v", err)
	}
}
