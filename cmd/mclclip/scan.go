package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// scanPairs looks at every pair once and says which can be used.
func scanPairs(ctx context.Context, source *data.Source, workers int, log *metrics.Logger) (*data.Index, error) {
	images, err := preprocess.New(preprocess.DefaultConfig(224))
	if err != nil {
		return nil, err
	}
	index, err := data.Scan(ctx, source, images.Check, preprocess.Reason, data.ScanConfig{
		Workers:  workers,
		Progress: func(done, total int64) { log.Progress("check", done, total, "pairs") },
	})
	if err != nil {
		return nil, fmt.Errorf("--pairs: %w", err)
	}
	return index, nil
}

// skippedRows is the error of a command that is done but left rows out, nil if it used all.
func skippedRows(index *data.Index, where string) error {
	rows := index.Source().Rows()
	return skippedOf(rows-index.Usable(), rows, index.Counts(), where)
}

// skippedOf is the error about n skipped rows, nil about none.
func skippedOf(n, rows int64, counts map[string]int64, where string) error {
	switch n {
	case 0:
		return nil
	case 1:
		return skippedErrorf("done, but 1 of %d rows was skipped (%s); %s", rows, reasons(counts), where)
	}
	return skippedErrorf("done, but %d of %d rows were skipped (%s); %s", n, rows, reasons(counts), where)
}

// reasons counts the skipped rows, as in "3 damaged, 1 empty".
func reasons(counts map[string]int64) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[reason], reason))
	}
	return strings.Join(parts, ", ")
}
