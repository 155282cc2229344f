package main

import (
	"strings"

	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/report"
	"github.com/mclclip/mclclip/train/metrics"
)

// heldOutRows are the scores of the models on held-out pairs as a run recorded them, those of the stages integrated behind the last stage, and
// those of the controls behind the last control. Of a model that was scored twice, around an interruption, the later score counts.
func heldOutRows(events []metrics.Event) []report.HeldOut {
	var groups [2][]report.HeldOut
	var together [2]*report.HeldOut
	for _, e := range events {
		group, name := 0, "integrated"
		if strings.HasPrefix(e.Phase, "control") {
			group, name = 1, "control"
		}
		row := report.HeldOut{Model: e.Phase, Images: e.Values[mcl.HeldOutImagesTag], Texts: e.Values[mcl.HeldOutTextsTag]}
		if last := len(groups[group]) - 1; last >= 0 && groups[group][last].Model == row.Model {
			groups[group][last] = row
		} else {
			groups[group] = append(groups[group], row)
		}
		if images, ok := e.Values[mcl.HeldOutIntegratedImagesTag]; ok {
			together[group] = &report.HeldOut{Model: name, Images: images, Texts: e.Values[mcl.HeldOutIntegratedTextsTag]}
		}
	}
	var rows []report.HeldOut
	for group, models := range groups {
		rows = append(rows, models...)
		if together[group] != nil {
			rows = append(rows, *together[group])
		}
	}
	return rows
}
