// Package zeroshot classifies images by the texts of their classes (Radford et al. 2021, arXiv 2103.00020, section 3.1).
//
// The classifier of a class is the mean of the unit features of its prompts, scaled to length 1 again, and an image belongs
// to the class of the largest cosine, as in open_clip's build_zero_shot_classifier and CLIP_benchmark.
//
// Dimensions: n images, C classes, T templates, D width of a feature. The package knows no model: whoever calls it brings the features.
package zeroshot
