package mcl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/fault"
	"github.com/mclclip/mclclip/train"
)

// group returns how the batches of a stage are composed: the joint labels of its pairs, small ones merged.
func (r *Run) group(ctx context.Context, p phase, cfg train.Config) (data.Grouper, error) {
	_, err := os.Stat(filepath.Join(p.dir, labelsFile))
	fresh := err != nil
	labels, err := r.labels(ctx, p)
	if err != nil {
		return nil, err
	}
	var centroids []Centroids
	for s := 1; s <= p.stage; s++ {
		made := newPhase(r.dir, "stage", s, false)
		origin, err := r.origin(made)
		if err != nil {
			return nil, err
		}
		c, err := LoadCentroids(filepath.Join(made.dir, centroidsFile), origin)
		if err != nil {
			return nil, err
		}
		centroids = append(centroids, c)
	}
	sizes := labels.Sizes()
	groups, err := MergeSmall(sizes, centroids, cfg.GlobalBatch(), cfg.Groups)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%s: %s of labels", p.name, counted(groups.Count(), "group"))
	if merged, pairs := groups.Merged(sizes); merged > 0 {
		text += fmt.Sprintf("; %s with %s too small for a block of %d joined their nearest neighbours",
			counted(merged, "label"), counted(int(pairs), "pair"), cfg.GlobalBatch()/cfg.Groups)
	}
	r.log.Printf("%s", text)
	if fresh {
		if err := r.signal(p, labels, groups); err != nil {
			return nil, err
		}
	}
	hard, err := NewGrouper(labels.ByRow, groups.Of, cfg.GlobalBatch(), cfg.Groups, r.index.Duplicates())
	if err != nil || cfg.HardFraction == 1 {
		return hard, err
	}
	return NewMixed(hard, cfg)
}

// origin says what the labels of a stage are made from: the model of the stage before.
func (r *Run) origin(p phase) (Origin, error) {
	model, err := Identity(p.previous().model())
	return Origin{
		Model: model, Data: r.index.Source().Fingerprint(), Columns: columnsOf(r.index),
		Clusters: r.cfg.LabelClusters(), Stage: p.stage, Seed: r.cfg.kmeans(p.stage - 1).Seed, Balance: r.cfg.KMeans.Balance,
	}, err
}

// labels reads the joint labels of a stage, or makes them: cluster the features of the stage before and extend its labels.
func (r *Run) labels(ctx context.Context, p phase) (*Labels, error) {
	if p.stage == 0 {
		return NewLabels(r.index.Source().Rows(), r.index.Good), nil
	}
	origin, err := r.origin(p)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(p.dir, labelsFile)
	if _, err := os.Stat(path); err == nil {
		labels, err := ReadLabels(path, origin, r.shards())
		return labels, errors.Join(err, r.dropFeatures(p))
	}
	old, err := r.labels(ctx, p.previous())
	if err != nil {
		return nil, err
	}
	clusters, err := r.cluster(ctx, p, origin)
	if err != nil {
		return nil, err
	}
	fault.Point("mcl.label")
	labels, err := old.Extend(clusters, origin)
	if err != nil {
		return nil, err
	}
	if err := WriteLabels(path, labels, r.shards()); err != nil {
		return nil, err
	}
	return labels, r.dropFeatures(p)
}

// dropFeatures deletes the features that a stage's labels were made of.
func (r *Run) dropFeatures(p phase) error {
	var errs []error
	for _, view := range r.cfg.views() {
		errs = append(errs, removeFeatures(p.features(view)))
	}
	return errors.Join(errs...)
}

// cluster clusters the pairs by the model of the stage before and leaves the centroids in the stage's folder. The result is
// the cluster of each usable row.
func (r *Run) cluster(ctx context.Context, p phase, origin Origin) ([]int32, error) {
	var result *Clustering
	for _, view := range r.cfg.views() {
		found, err := r.clusterView(ctx, p, view)
		if err != nil {
			return nil, err
		}
		if result != nil {
			found = Product(result, found)
		}
		result = found
	}
	return result.Assign, SaveCentroids(filepath.Join(p.dir, centroidsFile), result.Centroids, origin)
}

// clusterView embeds the images or the texts and runs K-means on their features. These stay until the labels are there, so
// that a run which stops meanwhile need not embed again.
func (r *Run) clusterView(ctx context.Context, p phase, view string) (*Clustering, error) {
	before := p.previous()
	features, err := r.embed(ctx, before, view, p.features(view))
	if err != nil {
		return nil, err
	}
	defer r.trace.Begin("cluster")()
	nearest := NewTorchNearest(r.device)
	defer nearest.Close()
	result, err := KMeans(features, untilDone{ctx, nearest}, r.cfg.kmeans(before.stage))
	if err != nil {
		return nil, fmt.Errorf("clusters of %s: %w", before.name, err)
	}
	r.log.Printf("%s: %d clusters of %s by %s, sizes %s, inertia %.4g after %s", p.name, r.cfg.Clusters, before.name, view, sizesText(result.Sizes), result.Inertia, counted(result.Passes, "update"))
	return result, r.tellSeeds(p, view, features, untilDone{ctx, nearest}, result)
}

// untilDone is a Nearest that ends K-means, which may take many passes, with its context.
type untilDone struct {
	ctx context.Context
	Nearest
}

// Assign is that of the Nearest inside, as long as the context lasts.
func (u untilDone) Assign(x []float32, cluster []int32) error {
	if u.ctx.Err() != nil {
		return context.Cause(u.ctx)
	}
	fault.Point("mcl.cluster")
	return u.Nearest.Assign(x, cluster)
}

func (r *Run) shards() []Shard {
	var shards []Shard
	for _, s := range r.index.Source().Shards() {
		shards = append(shards, Shard{Fingerprint: s.Fingerprint, Rows: s.Rows, File: filepath.Base(s.Path)})
	}
	return shards
}
