package mcl

import "fmt"

// Views of a pair that are clustered.
const (
	onImage = "image"
	onText  = "text"
	onBoth  = "both"
)

// views lists what is clustered in a stage.
func (c Config) views() []string {
	if c.ClusterOn == onBoth {
		return []string{onImage, onText}
	}
	return []string{c.ClusterOn}
}

// LabelClusters is the number of clusters by which a stage extends the labels: K, or K^2 for the product of the clusters of images and texts.
func (c Config) LabelClusters() int {
	n := 1
	for range c.views() {
		n *= c.Clusters
	}
	return n
}

func (c Config) checkViews() error {
	switch {
	case c.ClusterOn != onImage && c.ClusterOn != onText && c.ClusterOn != onBoth:
		return fmt.Errorf("--cluster-on %q: want image, text or both", c.ClusterOn)
	case c.ClusterOn == onText && c.Lock.textStays() && c.Stages > 1:
		return fmt.Errorf("--cluster-on text with --lock-text: the text features, and so the clusters, are the same in all %d stages; leave one of the two out, or take --stages 1", c.Stages)
	}
	return nil
}

// Product puts two clusterings of the same rows together: a row in clusters i and j is in cluster i*K+j of K*K, whose centroid is
// the two centroids one after the other, so that distances add up. Clusters that no row is in stay.
func Product(a, b *Clustering) *Clustering {
	k, width := b.Clusters, a.Width+b.Width
	p := &Clustering{
		Centroids: Centroids{Clusters: a.Clusters * k, Width: width, Data: make([]float32, 0, a.Clusters*k*width)},
		Assign:    make([]int32, len(a.Assign)), Sizes: make([]int64, a.Clusters*k),
		Inertia: a.Inertia + b.Inertia, Passes: max(a.Passes, b.Passes),
	}
	for i := range a.Clusters {
		for j := range k {
			p.Data = append(append(p.Data, a.Row(i)...), b.Row(j)...)
		}
	}
	for row, i := range a.Assign {
		cluster := i*int32(k) + b.Assign[row]
		p.Assign[row] = cluster
		p.Sizes[cluster]++
	}
	return p
}
