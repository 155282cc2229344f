// Package unimodal is Multistage Contrastive Learning without captions: the positive of a picture is another view of it. A
// stage's model is trained by SimCLR (Chen et al. 2020, arXiv 2002.05709) or MoCo v2 (Chen et al. 2020, arXiv 2003.04297) with
// negatives of the anchor's own label, exactly as package mcl does for pairs; clusters, labels, merging and batches are that
// package's.
//
// Dimensions:
//
//	B pictures of a batch   G blocks   n = B/G rows of a block   D width of the representation   E width of the projection
//	C channels (3, and one for each random bit)   S pixels of a side   Q keys in the queue
package unimodal
