package zeroshot

import (
	"fmt"

	"github.com/mclclip/mclclip/bench/features"
	"github.com/mclclip/mclclip/bench/paired"
)

// Result is what the classifier says about images of known classes.
type Result struct {
	Top1, Top5 []bool  // by image: its class has the largest cosine, one of the five largest; Top5 is nil with five classes or fewer
	MeanRecall float64 // mean over the classes of the share of their images in Top1, in per cent
	Predicted  []int   // by image
}

// Classifier makes the weights of the classes [C, D], each of length 1, from the raw features of their prompts [C, T, D].
func Classifier(prompts [][][]float32) ([][]float32, error) {
	var weights [][]float32
	for class, texts := range prompts {
		if err := features.Check(fmt.Sprintf("class %d: prompt", class), texts); err != nil {
			return nil, err
		}
		if len(texts[0]) != len(prompts[0][0]) {
			return nil, fmt.Errorf("class %d: the features of its prompts have %d dimensions, those of class 0 have %d", class, len(texts[0]), len(prompts[0][0]))
		}
		mean := make([]float32, len(texts[0]))
		for j := range mean {
			sum := 0.0
			for _, unit := range features.Unit(texts) {
				sum += float64(unit[j])
			}
			mean[j] = float32(sum / float64(len(texts)))
		}
		weights = append(weights, mean)
	}
	if err := features.Check("classifier of class", weights); err != nil {
		return nil, err
	}
	return features.Unit(weights), nil
}

// Score classifies the raw features of images [n, D] with weights [C, D]; labels are their true classes 0..C-1. Of classes with
// exactly equal cosines the first counts as the larger.
func Score(images, weights [][]float32, labels []int) (Result, error) {
	var r Result
	if err := features.Check("image", images); err != nil {
		return r, err
	}
	if err := features.Check("classifier of class", weights); err != nil {
		return r, err
	}
	if err := features.SameWidth("image", images, "class", weights); err != nil {
		return r, err
	}
	if err := features.Labels(labels, len(images), len(weights)); err != nil {
		return r, err
	}
	units := features.Unit(weights)
	ranks := make([]int, len(images))
	r.Predicted = make([]int, len(images))
	features.Parallel(len(images), func(from, to int) {
		cosines := make([]float64, len(units))
		for i := from; i < to; i++ {
			for c, weight := range units {
				cosines[c] = features.Dot(images[i], weight)
			}
			r.Predicted[i], ranks[i] = rank(cosines, labels[i])
		}
	})
	for _, rank := range ranks {
		r.Top1 = append(r.Top1, rank == 0)
		if len(weights) > 5 {
			r.Top5 = append(r.Top5, rank < 5)
		}
	}
	r.MeanRecall = features.MeanRecall(r.Top1, labels)
	return r, nil
}

// rank returns the first class of the largest cosine, and how many classes stand before the true one.
func rank(cosines []float64, truth int) (best, before int) {
	for c, x := range cosines {
		if x > cosines[best] {
			best = c
		}
		if x > cosines[truth] || x == cosines[truth] && c < truth {
			before++
		}
	}
	return best, before
}

// Metrics are the figures as a column of a report has them.
func (r Result) Metrics() []paired.Metric {
	list := []paired.Metric{paired.Share("top-1", r.Top1)}
	if r.Top5 != nil {
		list = append(list, paired.Share("top-5", r.Top5))
	}
	return append(list, paired.Metric{Name: "mean recall of classes", Unit: "%", Value: r.MeanRecall})
}
