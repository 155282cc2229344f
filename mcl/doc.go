// Package mcl is Multistage Contrastive Learning (Zhang et al. 2024, arXiv 2402.11816): a model is fine-tuned in stages, and
// from stage to stage an anchor meets only negatives that all models so far find alike.
//
// Words, used here and everywhere else in the same sense:
//
//	stage     s = 0..N; stage 0 is the base model, stages 1..N are trained
//	cluster   c(s), one of K classes that K-means finds in the features of stage s's model
//	label     label(s), the tuple c(0)..c(s-1) as one number; the negatives of stage s come from the anchor's own label
//	group     one label, or several that were merged because one alone cannot fill a block
//	block     b/G rows of one group; a global batch of b rows is G blocks one after the other
//
// Dimensions: M pairs, N stages, K clusters, b rows in a global batch, G blocks in a batch, D width of a feature.
//
// docs/paper.md says which function is which statement of the paper.
package mcl
