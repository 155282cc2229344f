package probe

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/mclclip/mclclip/bench/features"
	"github.com/mclclip/mclclip/bench/paired"
)

// Metrics are the figures of predictions as a column of a report has them.
func Metrics(name string, predicted, labels []int) ([]paired.Metric, error) {
	if len(predicted) != len(labels) {
		return nil, fmt.Errorf("%d predictions for %d labels", len(predicted), len(labels))
	}
	right := make([]bool, len(labels))
	for i, label := range labels {
		right[i] = predicted[i] == label
	}
	return []paired.Metric{
		paired.Share(name, right),
		{Name: name + ", mean recall of classes", Unit: "%", Value: features.MeanRecall(right, labels)},
	}, nil
}

// Split divides items into a training and a test part, the same share of each class as near as whole items allow, at least one of
// each class in training; the same seed makes the same parts.
func Split(labels []int, classes int, testShare float64, seed uint64) (train, test []int) {
	byClass := make([][]int, classes)
	for i, label := range labels {
		byClass[label] = append(byClass[label], i)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for _, items := range byClass {
		random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		held := min(int(testShare*float64(len(items))+0.5), max(0, len(items)-1))
		test = append(test, items[:held]...)
		train = append(train, items[held:]...)
	}
	slices.Sort(train)
	slices.Sort(test)
	return train, test
}
