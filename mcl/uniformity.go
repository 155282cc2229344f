package mcl

import "math"

// Alignment is the mean squared distance of the unit features of an image and its caption (Wang and Isola 2020, arXiv 2005.10242, with
// alpha = 2): 0 where they are the same.
func Alignment(images, texts [][]float32) float64 {
	sum := 0.0
	for i := range images {
		sum += squaredDistance(images[i], texts[i])
	}
	return sum / float64(len(images))
}

// Uniformity is the logarithm of the mean of exp(-2 |x-y|^2) over all pairs of unit features (Wang and Isola 2020, with t = 2): 0 where
// all are the same, near -4 where they are spread evenly over a sphere of many dimensions. It is NaN for fewer than two.
func Uniformity(x [][]float32) float64 {
	sum, n := 0.0, len(x)
	for i := range x {
		for j := range i {
			sum += math.Exp(-2 * squaredDistance(x[i], x[j]))
		}
	}
	return math.Log(sum / (float64(n) * float64(n-1) / 2))
}

// recallAtOne is the share of captions whose own image is nearer than any other.
func recallAtOne(images, texts [][]float32) float64 {
	found := 0
	for j, text := range texts {
		own, best := innerProduct(images[j], text), true
		for i, image := range images {
			if i != j && innerProduct(image, text) >= own {
				best = false
				break
			}
		}
		if best {
			found++
		}
	}
	return float64(found) / float64(len(texts))
}

// labelBlocks puts the places of the rows of each label together, labels in the order of their first row. A row that is alone with its
// label meets no negative and is left out.
func labelBlocks(rows []int64, byRow []int32) (blocks [][]int) {
	place := map[int32]int{}
	for i, row := range rows {
		label := byRow[row]
		at, ok := place[label]
		if !ok {
			at = len(blocks)
			place[label] = at
			blocks = append(blocks, nil)
		}
		blocks[at] = append(blocks[at], i)
	}
	kept := blocks[:0]
	for _, block := range blocks {
		if len(block) > 1 {
			kept = append(kept, block)
		}
	}
	return kept
}

// blockLoss is the mean InfoNCE loss, of both directions, of the rows of the blocks, each among those of its own block.
func (s *sampled) blockLoss(blocks [][]int) float64 {
	total, n := 0.0, 0
	for _, block := range blocks {
		for _, i := range block {
			toTexts, toImages, own := make([]float64, len(block)), make([]float64, len(block)), 0
			for k, j := range block {
				toTexts[k], toImages[k] = s.scale*innerProduct(s.images[i], s.texts[j]), s.scale*innerProduct(s.images[j], s.texts[i])
				if i == j {
					own = k
				}
			}
			total += (logSumExp(toTexts) - toTexts[own] + logSumExp(toImages) - toImages[own]) / 2
			n++
		}
	}
	return total / float64(n)
}

func logSumExp(x []float64) float64 {
	most := math.Inf(-1)
	for _, v := range x {
		most = max(most, v)
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v - most)
	}
	return most + math.Log(sum)
}
