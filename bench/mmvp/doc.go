// Package mmvp measures CLIP models on MMVP-VLM (Tong et al. 2024, "Eyes Wide Shut?", arXiv 2401.06209): pairs of images
// that CLIP confuses, each image with a statement that is true of it alone.
//
// A question is a statement and asks which of the pair's two images it describes. The prompt is "a photo of " and the
// statement; the answer is image 1 if its softmax over the two images, of 100 times the cosine, is above 0.5, and image 2
// otherwise. A pair counts as right if both of its statements are. Two independent guesses are right in 25 % of the pairs;
// a model that sees no difference tends to pick the same image twice and falls below that.
//
// The words: a pattern is one of the benchmark's visual patterns ("Color and Appearance"), a column is the result of one
// model: the base, one stage, several stages integrated, or a control.
//
// The package knows no model. Whoever calls it brings the features.
package mmvp
