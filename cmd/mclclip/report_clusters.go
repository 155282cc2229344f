package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/report"
)

const (
	sampleClusters = 6 // the largest clusters, of which images are shown
	sampleImages   = 8 // of each
)

// clusters adds what K-means made of the features of each stage.
func (f *runReport) clusters(ctx context.Context, r *report.Report, resolved mcl.Resolved) error {
	labels, err := mcl.NewestLabels(f.run, resolved.MCL.Stages)
	if err != nil || labels == nil {
		return err
	}
	for s := range labels.Stage {
		c, err := clustering(labels, s)
		if err != nil {
			return err
		}
		if ari, ok := f.seeds[fmt.Sprintf("stage-%d", s+1)]; ok {
			c.Seeds = &ari
		}
		r.Stages = append(r.Stages, c)
	}
	source, err := f.source(resolved, labels)
	if err != nil || source == nil {
		return err
	}
	return sample(ctx, source, labels, r.Stages)
}

func clustering(labels *mcl.Labels, stage int) (c report.Clustering, err error) {
	table, err := labels.Cross(max(stage-1, 0), stage)
	if err != nil {
		return c, err
	}
	_, sizes := table.Sizes()
	c = report.Clustering{Of: "base", Sizes: sizes, Balance: mcl.Balance(sizes)}
	if stage == 0 {
		return c, nil
	}
	c.Of = fmt.Sprintf("stage-%d", stage)
	c.Before = &report.Agreement{NMI: table.NMI(), ARI: table.ARI(), Cells: slices.Collect(slices.Chunk(table.Cells, table.Columns))}
	return c, nil
}

// source opens the pairs to take samples from: those of --pairs, or those of the run if they are still where they were.
// Pairs that are gone or others are only an error where --pairs names them.
func (f *runReport) source(resolved mcl.Resolved, labels *mcl.Labels) (*data.Source, error) {
	pairs := f.pairs
	given := len(pairs.patterns) > 0
	if !given {
		pairs.patterns = resolved.Pairs
		pairs.options = data.Options{ImageColumn: resolved.ImageColumn, CaptionColumn: resolved.CaptionColumn}
	}
	source, err := pairs.open()
	if err == nil && (source.Fingerprint() != labels.Data || source.Rows() != int64(len(labels.ByRow))) {
		err = fmt.Errorf("--pairs: not the pairs that %s was trained on", f.run)
	}
	if err != nil && !given {
		return nil, nil
	}
	return source, err
}

// sample adds images of the largest clusters to each clustering, the first ones of the data.
func sample(ctx context.Context, source *data.Source, labels *mcl.Labels, stages []report.Clustering) error {
	wanted := 0
	at := make([]map[int32]int, len(stages)) // by stage: place of a cluster among the samples
	for s := range stages {
		at[s] = map[int32]int{}
		for _, cluster := range largest(stages[s].Sizes) {
			at[s][int32(cluster)] = len(stages[s].Samples)
			stages[s].Samples = append(stages[s].Samples, report.Sample{Cluster: cluster})
			wanted += min(sampleImages, int(stages[s].Sizes[cluster]))
		}
	}
	for pair, err := range source.Pairs(ctx) {
		if err != nil {
			return fmt.Errorf("--pairs: %w", err)
		}
		if wanted == 0 {
			return nil
		}
		label := labels.ByRow[pair.Row]
		if label < 0 {
			continue
		}
		for s, cluster := range mcl.Clusters(label, labels.Clusters, labels.Stage) {
			place, ok := at[s][cluster]
			if ok && len(stages[s].Samples[place].Images) < sampleImages {
				stages[s].Samples[place].Images = append(stages[s].Samples[place].Images, slices.Clone(pair.Image))
				wanted--
			}
		}
	}
	return nil
}

// largest returns the numbers of the largest clusters, largest first.
func largest(sizes []int64) []int {
	var order []int
	for cluster, n := range sizes {
		if n > 0 {
			order = append(order, cluster)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sizes[b], sizes[a]) })
	return order[:min(sampleClusters, len(order))]
}
