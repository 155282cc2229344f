package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/mcl"
)

// lineup is the models that a benchmark measures, each loaded once, and the columns that they make.
type lineup struct {
	models  []string // folders of weights
	names   []string // of the models of a run
	options clip.Options
	columns []lineupColumn
}

// lineupColumn is one model alone, or several integrated.
type lineupColumn struct {
	name   string
	models []int // indices into lineup.models
	rule   mcl.Integrator
}

// runLineup has a column for each model of a run, for the stages integrated and for the controls integrated in the same way.
func runLineup(run, rule string) (*lineup, error) {
	integrated, err := mcl.ReadIntegrated(run)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	integration, err := mcl.OpenIntegration(run, rule)
	if err != nil {
		return nil, usageErrorf("--integrate: %w", err)
	}
	l := &lineup{}
	for _, m := range integrated.Stages {
		if err := l.add(m.Name, run, integration, m); err != nil {
			return nil, err
		}
	}
	if err := l.add("integrated", run, integration, integrated.Stages...); err != nil {
		return nil, err
	}
	if len(integrated.Control) == 0 {
		return l, nil
	}
	return l, l.add("control", run, integration, integrated.Control...)
}

// add adds a column of these models; one model alone needs no rule.
func (l *lineup) add(name, run string, integration *mcl.Integration, members ...mcl.Member) (err error) {
	c := lineupColumn{name: name}
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
		path := filepath.Join(run, m.Dir)
		at := slices.Index(l.models, path)
		if at < 0 {
			at = len(l.models)
			l.models, l.names = append(l.models, path), append(l.names, m.Name)
		}
		c.models = append(c.models, at)
	}
	if len(members) == 1 {
		integration = &mcl.Integration{Rule: mcl.None}
	}
	if c.rule, err = integration.Of(names...); err != nil {
		return usageErrorf("--integrate: %w", err)
	}
	l.columns = append(l.columns, c)
	return nil
}

// singleLineup is one CLIP.
func singleLineup(w weightsFlags) *lineup {
	rule, _ := (&mcl.Integration{Rule: mcl.None}).Of(w.pretrained)
	return &lineup{models: []string{w.pretrained}, options: w.options, columns: []lineupColumn{{weightsName(w.pretrained), []int{0}, rule}}}
}

// join makes the features of a column from those of each model, [models][n][E].
func (c lineupColumn) join(byModel [][][]float32, rule func([][]float32) []float32) [][]float32 {
	if len(byModel) == 0 {
		return nil
	}
	joined := make([][]float32, len(byModel[c.models[0]]))
	for i := range joined {
		parts := make([][]float32, len(c.models))
		for k, m := range c.models {
			parts[k] = byModel[m][i]
		}
		joined[i] = rule(parts)
	}
	return joined
}

// subject is one column to measure: a name and its features of the items.
type subject struct {
	name          string
	images, texts [][]float32
}

// subjects joins the features of the models into those of the columns.
func (l *lineup) subjects(images, texts [][][]float32) []subject {
	var list []subject
	for _, c := range l.columns {
		list = append(list, subject{c.name, c.join(images, c.rule.Image), c.join(texts, c.rule.Text)})
	}
	return list
}

// place returns the index of a model of a run.
func (l *lineup) place(name string) int { return slices.Index(l.names, name) }

// checkIntegrate refuses a rule of integration that does not exist.
func checkIntegrate(rule string) error {
	if !slices.Contains(mcl.Integrations(), rule) {
		return usageErrorf("--integrate %q: want %s", rule, strings.Join(mcl.Integrations(), ", "))
	}
	return nil
}
