// Package retrieval measures how images find their captions and captions their image: recall at 1, 5 and 10, where an image may
// have several captions, as in COCO and Flickr30k.
//
// For each caption all images are ranked by the cosine, for each image all captions; recall at k is the share of queries with a
// right answer among the first k, which is CLIP_benchmark's image_retrieval_recall@k and text_retrieval_recall@k. Ranks are
// exact and need no matrix of scores: a rank is the number of candidates before the best right one, so one pass
// over all pairs counts them in memory that grows with images plus captions.
//
// Dimensions: n images, m captions, D width of a feature. The package knows no model.
package retrieval
