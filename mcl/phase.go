package mcl

import (
	"fmt"
	"os"
	"path/filepath"
)

// A phase is one model of a run: the base, a stage, or a control. Its folder holds checkpoints while it trains and the
// model when it is done; a model that is there is never trained again.
type phase struct {
	name     string // "base", "stage-1", "control-1"
	kind     string // "stage" or "control"; the base is stage 0
	dir      string
	stage    int
	ordinary bool // batches without regard to labels
}

// The names inside a run folder.
const (
	ConfigFile     = "config.json"
	IntegratedFile = "integrated.json"
	PairsDir       = "pairs" // which rows are used
	baseDir        = "stage-0"
	modelDir       = "model"
	checkpointsDir = "checkpoints"
	labelsFile     = "labels.parquet"
	centroidsFile  = "centroids.safetensors"
	featuresFile   = "features.f32" // while they are needed
)

// phases lists the models of a run in the order in which they are made.
func phases(dir string, c Config) []phase {
	var list []phase
	for s := 0; s <= c.Stages; s++ {
		list = append(list, newPhase(dir, "stage", s, s == 0 || c.Negatives == "random"))
	}
	for s := 1; c.Control && s <= c.Stages; s++ {
		list = append(list, newPhase(dir, "control", s, true))
	}
	return list
}

func newPhase(dir, kind string, stage int, ordinary bool) phase {
	if stage == 0 {
		return phase{name: "base", kind: "stage", dir: filepath.Join(dir, baseDir), ordinary: true}
	}
	name := fmt.Sprintf("%s-%d", kind, stage)
	return phase{name: name, kind: kind, dir: filepath.Join(dir, name), stage: stage, ordinary: ordinary}
}

// previous is the phase of the same kind one stage before p.
func (p phase) previous() phase {
	return newPhase(filepath.Dir(p.dir), p.kind, p.stage-1, p.ordinary)
}

func (p phase) model() string       { return filepath.Join(p.dir, modelDir) }
func (p phase) checkpoints() string { return filepath.Join(p.dir, checkpointsDir) }

// features is where the features of a view lie while a stage's clusters are found.
func (p phase) features(view string) string {
	if view == onImage {
		return filepath.Join(p.dir, featuresFile)
	}
	return filepath.Join(p.dir, "features-"+view+".f32")
}

func (p phase) done() bool {
	_, err := os.Stat(p.model())
	return err == nil
}
