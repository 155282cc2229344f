package retrieval

import (
	"fmt"
	"slices"
	"sync"

	"github.com/mclclip/mclclip/bench/features"
	"github.com/mclclip/mclclip/bench/paired"
)

// Depths are the k of recall at k.
var Depths = []int{1, 5, 10}

// Result holds for each query how many candidates stand before the best right one.
type Result struct {
	ImageToText []int // [n]
	TextToImage []int // [m]
}

// tie is how much cosines may differ and count as equal: features are float32, and those of the same picture or text in another
// batch or by another number of threads differ in the last bits.
const tie = 1e-6

// before tells whether a candidate with number i and cosine a stands before number j with cosine b: of equals the first does.
func before(a float64, i int, b float64, j int) bool {
	return a > b+tie || a >= b-tie && i < j
}

// Score ranks the raw features of images [n, D] and captions [m, D]; of[j] is the image that caption j describes. Every image needs
// a caption. Of candidates whose cosines are equal to 1e-6 the first in order counts as the larger.
func Score(images, texts [][]float32, of []int) (Result, error) {
	if err := check(images, texts, of); err != nil {
		return Result{}, err
	}
	images, texts = features.Unit(images), features.Unit(texts)
	own := make([]float64, len(texts)) // cosine of each caption and its image
	best := make([]int, len(images))   // the caption of each image with the largest cosine
	for i := range best {
		best[i] = -1
	}
	for j, i := range of {
		own[j] = features.Dot(images[i], texts[j])
		if best[i] < 0 || own[j] > own[best[i]]+tie {
			best[i] = j
		}
	}
	r := Result{ImageToText: make([]int, len(images)), TextToImage: make([]int, len(texts))}
	var mutex sync.Mutex
	features.Parallel(len(images), func(from, to int) {
		nearer := make([]int, len(texts)) // images of this part before the right one
		for i := from; i < to; i++ {
			for j, text := range texts {
				cosine := features.Dot(images[i], text)
				if of[j] != i && before(cosine, j, own[best[i]], best[i]) {
					r.ImageToText[i]++
				}
				if before(cosine, i, own[j], of[j]) {
					nearer[j]++
				}
			}
		}
		mutex.Lock()
		defer mutex.Unlock()
		for j, n := range nearer {
			r.TextToImage[j] += n
		}
	})
	return r, nil
}

func check(images, texts [][]float32, of []int) error {
	if err := features.Check("image", images); err != nil {
		return err
	}
	if err := features.Check("caption", texts); err != nil {
		return err
	}
	if err := features.SameWidth("image", images, "caption", texts); err != nil {
		return err
	}
	if len(of) != len(texts) {
		return fmt.Errorf("%d captions, but the images of %d are known", len(texts), len(of))
	}
	captions := make([]int, len(images))
	for j, i := range of {
		if i < 0 || i >= len(images) {
			return fmt.Errorf("caption %d is of image %d, of %d images", j, i, len(images))
		}
		captions[i]++
	}
	if i := slices.Index(captions, 0); i >= 0 {
		return fmt.Errorf("image %d has no caption", i)
	}
	return nil
}

// Metrics are the figures as a column of a report has them: recalls both ways, then median and mean of the ranks from 1 on.
func (r Result) Metrics() (list []paired.Metric) {
	for _, side := range []struct {
		name  string
		ranks []int
	}{{"image to text", r.ImageToText}, {"text to image", r.TextToImage}} {
		for _, k := range Depths {
			right := make([]bool, len(side.ranks))
			for i, rank := range side.ranks {
				right[i] = rank < k
			}
			list = append(list, paired.Share(fmt.Sprintf("%s R@%d", side.name, k), right))
		}
		list = append(list,
			paired.Metric{Name: side.name + " median rank", Value: median(side.ranks)},
			paired.Metric{Name: side.name + " mean rank", Value: mean(side.ranks)})
	}
	return list
}

// median of the ranks from 1 on, of an even number the floor of the mean of the two middle ones, as open_clip gives it.
func median(ranks []int) float64 {
	sorted := slices.Sorted(slices.Values(ranks))
	n := len(sorted)
	return float64((sorted[(n-1)/2]+sorted[n/2])/2 + 1)
}

func mean(ranks []int) float64 {
	sum := 0
	for _, rank := range ranks {
		sum += rank
	}
	return float64(sum)/float64(len(ranks)) + 1
}
