package mcl

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
)

// labelled makes the labels of a stage of k clusters from how many rows have each tuple of clusters.
func labelled(k, stage int, rows map[[2]int32]int) *Labels {
	l := &Labels{Origin: Origin{Clusters: k, Stage: stage}}
	for tuple, n := range rows {
		l.ByRow = append(l.ByRow, slices.Repeat([]int32{Joint(tuple[2-stage:], k)}, n)...)
	}
	return l
}

// Each sign of failure is named where it is, and not where it is not.
func TestFailuresAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		labels *Labels
		warmup int             // of 100 steps
		into   map[int32]int32 // label -> group that it joined
		want   string
	}{
		"sound":      {labels: labelled(2, 2, map[[2]int32]int{{0, 0}: 20, {0, 1}: 20, {1, 0}: 20, {1, 1}: 20})},
		"same":       {labels: labelled(2, 2, map[[2]int32]int{{0, 1}: 40, {1, 0}: 40}), warmup: 20, want: "learned nothing new: the clusters of stage-1 are those of base (NMI 1.00), so the next stage meets the same negatives: raise --steps"},
		"warm-up":    {labels: labelled(2, 2, map[[2]int32]int{{0, 1}: 40, {1, 0}: 40}), warmup: 60, want: "lower --warmup, whose 60 steps took most of the stage's 100"},
		"unbalanced": {labels: labelled(4, 1, map[[2]int32]int{{0, 0}: 60, {0, 1}: 20, {0, 2}: 10, {0, 3}: 10}), want: "unbalanced: one of 4 clusters of base holds 60 %"},
		"cure":       {labels: labelled(3, 1, map[[2]int32]int{{0, 0}: 70, {0, 1}: 20, {0, 2}: 10}), want: "raise --clusters or bound their size by --balance 1.5"},
		"uneven two": {labels: labelled(2, 1, map[[2]int32]int{{0, 0}: 85, {0, 1}: 15})},
		"one of two": {labels: labelled(2, 1, map[[2]int32]int{{0, 0}: 95, {0, 1}: 5}), want: "unbalanced: one of 2 clusters"},
		"merged": {
			labels: labelled(3, 1, map[[2]int32]int{{0, 0}: 40, {0, 1}: 30, {0, 2}: 30}), into: map[int32]int32{2: 1},
			want: "many labels merged: 1 labels with 30 %",
		},
	} {
		groups := &Groups{Sizes: c.labels.Sizes()}
		for label := range groups.Sizes {
			groups.Of = append(groups.Of, int32(label))
		}
		for label, group := range c.into {
			groups.Of[label] = group
		}
		s, err := clusterSignals(c.labels, groups, train.Config{Warmup: c.warmup, Steps: 100})
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(s.warnings, "\n"); c.want == "" && text != "" || !strings.Contains(text, c.want) || len(s.warnings) > 1 {
			t.Errorf("%s: warnings are %q, want one with %q", name, s.warnings, c.want)
		}
	}
	if w := repeatWarning(GroupStats{Batches: 10, Repeats: 20}, 4); !strings.Contains(w, "50 % of the blocks") {
		t.Errorf("half of the blocks repeat: %q", w)
	}
	if w := repeatWarning(GroupStats{Batches: 10, Repeats: 10}, 4); w != "" {
		t.Errorf("a quarter of the blocks repeats: %q", w)
	}
}

// The figures of the clusters stand once in the records, interrupted or not.
func TestClustersAreRecordedOnce(t *testing.T) {
	torchtest.NoLeak(t)
	dir, c := t.TempDir(), smallRun()
	c.Control = false
	index := sceneIndex(t, 160)
	for _, text := range []string{"clusters of base:", "stage-1 | Train Epoch"} {
		ctx, cancel := context.WithCancel(t.Context())
		run := startRun(t, dir, c, index, &stopper{text: text, n: 1, stop: cancel})
		if err := run.Finish(ctx); !errors.Is(err, train.ErrInterrupted) {
			t.Fatalf("stopped at %q: %v", text, err)
		}
		run.log.Close()
		cancel()
	}
	if err := startRun(t, dir, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, events, err := metrics.Read(filepath.Join(dir, metrics.LinesFile))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range events {
		if e.Name == ClustersEvent {
			found = append(found, e.Phase)
			_, compared := e.Values["clusters/nmi_before"]
			if compared != (e.Phase == "stage-2") || !(e.Values["clusters/balance"] > 0) {
				t.Errorf("%s: values are %v", e.Phase, e.Values)
			}
		}
	}
	if !slices.Equal(found, []string{"stage-1", "stage-2"}) {
		t.Errorf("clusters are recorded for %v", found)
	}
}
