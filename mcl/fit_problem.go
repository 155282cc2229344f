package mcl

import "math"

// shape says which numbers a fit has. The first is the logarithm of the logit scale, then come the biases [S], shared by images and
// texts; attention adds the queries of both sides [S, D] and keeps the scale: images and texts could else put their weights on different
// models, so that nothing but the product of tiny shared weights and a huge scale is left.
type shape struct{ attention bool }

var attend = shape{attention: true}

// fusionProblem is the InfoNCE loss of weighted pairs as a function of the numbers.
type fusionProblem struct {
	stages, width int
	images, texts [][][]float32 // [n][S][D], unit
	cosines       [][]float64   // of each block [S, b, b]
	sizes         []int         // b of each block
}

func newFusionProblem(members []PairFeatures, from, to int) *fusionProblem {
	p := &fusionProblem{stages: len(members), width: len(members[0].Images[0])}
	for i := from; i < to; i++ {
		var image, text [][]float32
		for _, m := range members {
			image, text = append(image, Concat(m.Images[i])), append(text, Concat(m.Texts[i]))
		}
		p.images, p.texts = append(p.images, image), append(p.texts, text)
	}
	for at := 0; at < len(p.images); at += fusionBlock {
		b := min(fusionBlock, len(p.images)-at)
		block := make([]float64, 0, p.stages*b*b)
		for s := range p.stages {
			for i := at; i < at+b; i++ {
				for j := at; j < at+b; j++ {
					block = append(block, innerProduct(p.images[i][s], p.texts[j][s]))
				}
			}
		}
		p.cosines, p.sizes = append(p.cosines, block), append(p.sizes, b)
	}
	return p
}

func innerProduct(a, b []float32) (sum float64) {
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// start is equal weights at a logit scale of 20.
func (p *fusionProblem) start() []float64 {
	x := make([]float64, 1+p.stages)
	x[0] = math.Log(20)
	return x
}

// attentionStart continues a fit of fixed weights.
func (p *fusionProblem) attentionStart(x []float64) []float64 {
	y := make([]float64, 1+p.stages+2*p.stages*p.width)
	copy(y, x)
	return y
}

// weighers takes the numbers apart.
func (p *fusionProblem) weighers(x []float64, s shape) (images, texts Weigher) {
	images.Bias, texts.Bias = x[1:1+p.stages], x[1:1+p.stages]
	if !s.attention {
		return images, texts
	}
	for i := range 2 * p.stages {
		query := x[1+p.stages+i*p.width : 1+p.stages+(i+1)*p.width]
		if i < p.stages {
			images.Query = append(images.Query, query)
		} else {
			texts.Query = append(texts.Query, query)
		}
	}
	return images, texts
}

func (p *fusionProblem) fusion(x []float64, s shape) *Fusion {
	images, texts := p.weighers(x, s)
	return &Fusion{Images: images, Texts: texts, Scale: math.Exp(x[0])}
}

// loss returns the mean InfoNCE loss plus penalty/2 times the queries' squares and, where gradient is not nil, writes the gradient.
func (p *fusionProblem) loss(x, gradient []float64, s shape, penalty float64) float64 {
	images, texts := p.weighers(x, s)
	var gImages, gTexts Weigher
	if gradient != nil {
		clear(gradient)
		gImages, gTexts = p.weighers(gradient, s)
	}
	total, at, n := 0.0, 0, float64(len(p.images))
	for k, b := range p.sizes {
		block := newFusionBlock(p, p.cosines[k], p.images[at:at+b], p.texts[at:at+b], images, texts)
		total += block.forward(math.Exp(x[0])) / n
		if gradient != nil {
			gradient[0] += block.backward(math.Exp(x[0]), 1/n)
			block.images.spread(gImages)
			block.texts.spread(gTexts)
		}
		at += b
	}
	if s.attention {
		if gradient != nil {
			gradient[0] = 0
		}
		for i := 1 + p.stages; i < len(x); i++ {
			total += penalty / 2 * x[i] * x[i]
			if gradient != nil {
				gradient[i] += penalty * x[i]
			}
		}
	}
	return total
}
