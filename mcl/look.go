package mcl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
)

// ReadResolved reads what a run was told, its config.json.
func ReadResolved(dir string) (Resolved, error) {
	var r Resolved
	path := filepath.Join(dir, ConfigFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return r, fmt.Errorf("%s holds no run: %w", dir, err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Settings returns config.json as dotted names and values, for people.
func Settings(dir string) (map[string]any, error) { return readResolved(dir) }

// NewestLabels reads the joint labels of the highest stage of a run that has some; they hold the clusters of all stages
// before. The rows are in the order of the run's data, which need not be at hand. A run without labels gives nil.
func NewestLabels(dir string, stages int) (*Labels, error) {
	for s := stages; s > 0; s-- {
		labels, err := readInOrder(filepath.Join(newPhase(dir, "stage", s, false).dir, labelsFile))
		if !errors.Is(err, os.ErrNotExist) {
			return labels, err
		}
	}
	return nil, nil
}

// readInOrder reads a label file as it is.
func readInOrder(path string) (*Labels, error) {
	labels := &Labels{}
	err := openLabels(path, func(file *parquet.File) (err error) {
		if labels.Origin, err = parseFooter(file.Lookup); err != nil {
			return err
		}
		reader := parquet.NewGenericReader[labelRow](file)
		defer reader.Close()
		limit := power(labels.Clusters, labels.Stage)
		buffer := make([]labelRow, labelBuffer)
		for {
			n, err := reader.Read(buffer)
			for _, row := range buffer[:n] {
				if !consistent(row, labels.Clusters, limit) {
					return fmt.Errorf("shard %s: row %d: cluster %d and label %d do not go together", row.Shard, row.Row, row.Cluster, row.Label)
				}
				labels.ByRow = append(labels.ByRow, row.Label)
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return labels, nil
}
