package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mclclip/mclclip/data/embedding"
)

// exportSet is one folder of --embeddings.
type exportSet struct {
	name string
	set  *embedding.Set
}

// readExports reads folders of exported embeddings; all must hold the same rows.
func readExports(flag string, folders list) ([]exportSet, error) {
	var sets []exportSet
	for _, text := range folders {
		name, dir, named := strings.Cut(text, "=")
		if !named {
			name, dir = filepath.Base(filepath.Clean(text)), text
		}
		set, err := embedding.Read(dir)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		sets = append(sets, exportSet{name, set})
		if first := sets[0].set; first.Rows() != set.Rows() {
			return nil, fmt.Errorf("--%s: %s has %d rows, %s has %d: give exports of the same pairs", flag, first.Dir, first.Rows(), dir, set.Rows())
		}
	}
	return sets, nil
}

// exportColumn returns a column of the rows. All exports must agree on it.
func exportColumn(flag string, sets []exportSet, column string) ([]string, error) {
	var values []string
	for i, s := range sets {
		own, err := s.set.Column(column)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		for row := range own {
			if i > 0 && own[row] != values[row] {
				return nil, fmt.Errorf("--%s: row %d has %s %q in %s, %q in %s: give exports of the same pairs", flag, row, column, values[row], sets[0].set.Dir, own[row], s.set.Dir)
			}
		}
		values = own
	}
	return values, nil
}

// exportNames are the names of the rows: their ids, or paths where the export has these.
func exportNames(sets []exportSet) []string {
	for _, column := range []string{"id", "image_path"} {
		if names, err := sets[0].set.Column(column); err == nil {
			return names
		}
	}
	return make([]string, sets[0].set.Rows())
}

// exportSubjects makes the columns of exports: of one, each of its stages and the whole, which is then called integrated; of several, each
// as a whole.
func exportSubjects(sets []exportSet) []subject {
	if stages := sets[0].set.Meta.Stages; len(sets) == 1 && len(stages) > 1 {
		var list []subject
		for _, stage := range stages {
			list = append(list, subject{stage.Name, cut(sets[0].set.Image, stage), cut(sets[0].set.Text, stage)})
		}
		return append(list, subject{"integrated", sets[0].set.Image, sets[0].set.Text})
	}
	var list []subject
	for _, s := range sets {
		list = append(list, subject{s.name, s.set.Image, s.set.Text})
	}
	return list
}

// cut returns the part of integrated features that one stage made.
func cut(rows [][]float32, stage embedding.Stage) [][]float32 {
	var parts [][]float32
	for _, row := range rows {
		parts = append(parts, row[stage.Offset:stage.Offset+stage.Dim])
	}
	return parts
}
