package mcl

import (
	"fmt"

	"github.com/mclclip/mclclip/train/metrics"
)

// SeedsEvent names the event in metrics.jsonl with the agreement of a stage's clusters with those of another seed.
const SeedsEvent = "seeds"

// seedRows is the number of rows on which the clusterings of two seeds are compared, more where there are many clusters.
const seedRows = 1 << 15

// seedAgreement clusters a sample of the features with another seed and compares the clusters of its rows with those they have: 1 where the
// seed does not matter, 0 where the clusters are those of the seed alone (adjusted Rand index).
func seedAgreement(features Features, nearest Nearest, config KMeansConfig, assign []int32) (float64, error) {
	most := max(seedRows, 32*int64(config.Clusters))
	step := (features.Len() + most - 1) / most
	sample, first := &Matrix{Columns: features.Width()}, []int32(nil)
	row := int64(0)
	for block, err := range features.Blocks() {
		if err != nil {
			return 0, err
		}
		for at := 0; at < len(block); at += features.Width() {
			if row%step == 0 {
				sample.Data = append(sample.Data, block[at:at+features.Width()]...)
				first = append(first, assign[row])
			}
			row++
		}
	}
	config.Seed ^= 1 << 63 // of no stage
	second, err := KMeans(sample, nearest, config)
	if err != nil {
		return 0, err
	}
	k := config.Clusters
	c := Contingency{Rows: k, Columns: k, Cells: make([]int64, k*k)}
	for i, cluster := range first {
		c.Cells[int(cluster)*k+int(second.Assign[i])]++
	}
	return c.ARI(), nil
}

// tellSeeds records how far the clusters depend on the seed of K-means and warns where they are little more than that.
func (r *Run) tellSeeds(p phase, view string, features Features, nearest Nearest, result *Clustering) error {
	ari, err := seedAgreement(features, nearest, r.cfg.kmeans(p.stage-1), result.Assign)
	if err != nil {
		return fmt.Errorf("clusters of another seed: %w", err)
	}
	tag := seedsTag
	if view != onImage {
		tag += "_" + view
	}
	text := fmt.Sprintf("%s: agreement of the clusters of %s with those of another seed: ARI %.3f", p.name, p.previous().name, ari)
	if err := r.log.Event(metrics.Event{Name: SeedsEvent, Phase: p.name, Text: text, Values: map[string]float64{tag: ari}}); err != nil {
		return err
	}
	warning := seedsWarning(ari)
	if warning == "" {
		return nil
	}
	return r.log.Event(metrics.Event{Name: WarningEvent, Phase: p.name, Text: "warning: " + warning})
}

// seedsWarning says that the clusters are little more than those of their seed; "" where they are more.
func seedsWarning(ari float64) string {
	if ari >= leastSeeds {
		return ""
	}
	return fmt.Sprintf("unstable clusters: another seed of K-means gives others (ARI %.2f), so a label says little about a pair: lower --clusters, or train the base model longer", ari)
}

// SeedAgreement returns what tellSeeds recorded of a stage's clusters, the lowest of several views.
func SeedAgreement(values map[string]float64) (ari float64, ok bool) {
	for _, tag := range []string{seedsTag, seedsTag + "_" + onText} {
		if v, found := values[tag]; found && (!ok || v < ari) {
			ari, ok = v, true
		}
	}
	return ari, ok
}

const seedsTag = "clusters/ari_seeds"
