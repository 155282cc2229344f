package main

import (
	"slices"
	"testing"

	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/report"
	"github.com/mclclip/mclclip/train/metrics"
)

// The base model is one row, whoever comes after it; a model that was scored again after an interruption too.
func TestHeldOutRows(t *testing.T) {
	event := func(phase string, own float64, integrated ...float64) metrics.Event {
		e := metrics.Event{Name: mcl.HeldOutEvent, Phase: phase, Values: map[string]float64{mcl.HeldOutImagesTag: own, mcl.HeldOutTextsTag: own + 0.01}}
		for _, v := range integrated {
			e.Values[mcl.HeldOutIntegratedImagesTag], e.Values[mcl.HeldOutIntegratedTextsTag] = v, v+0.01
		}
		return e
	}
	got := heldOutRows([]metrics.Event{
		event("base", 0.25), event("stage-1", 0.5, 0.5), event("stage-1", 0.5, 0.75), event("stage-2", 0.5, 1), event("control-1", 0.25, 0.5),
	})
	var want []report.HeldOut
	for _, row := range []struct {
		name string
		v    float64
	}{{"base", 0.25}, {"stage-1", 0.5}, {"stage-2", 0.5}, {"integrated", 1}, {"control-1", 0.25}, {"control", 0.5}} {
		want = append(want, report.HeldOut{Model: row.name, Images: row.v, Texts: row.v + 0.01})
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if rows := heldOutRows(nil); rows != nil {
		t.Errorf("rows of a run without held-out pairs: %v", rows)
	}
}
