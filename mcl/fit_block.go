package mcl

import "math"

// fusionSide is one side, images or texts, of a block of b pairs.
type fusionSide struct {
	units [][][]float32 // [b][S][D]
	a     [][]float64   // [b][S] weights
	root  [][]float64   // [b][S] their roots
	d     [][]float64   // [b][S] gradient of the roots
}

func newFusionSide(units [][][]float32, w Weigher) *fusionSide {
	f := &fusionSide{units: units}
	for _, u := range units {
		a := w.weights(u)
		root := make([]float64, len(a))
		for s := range a {
			root[s] = math.Sqrt(a[s])
		}
		f.a, f.root, f.d = append(f.a, a), append(f.root, root), append(f.d, make([]float64, len(a)))
	}
	return f
}

// spread adds the gradient of the roots to that of the biases and queries: with r(s) = sqrt(a(s)) and energies e,
// dr(s)/de(k) = r(s) (1[s=k] - a(k)) / 2.
func (f *fusionSide) spread(g Weigher) {
	for i, d := range f.d {
		sum := 0.0
		for s := range d {
			sum += d[s] * f.root[i][s]
		}
		for k := range d {
			e := (d[k]*f.root[i][k] - f.a[i][k]*sum) / 2
			g.Bias[k] += e
			if g.Query != nil {
				for j, x := range f.units[i][k] {
					g.Query[k][j] += e * float64(x)
				}
			}
		}
	}
}

// fusionBlockLoss is the InfoNCE loss of one block.
type fusionBlockLoss struct {
	images, texts *fusionSide
	cosines       []float64 // [S, b, b]
	joint         []float64 // [b, b] cosines of the fused features
	dLogits       []float64 // [b, b]
}

func newFusionBlock(p *fusionProblem, cosines []float64, images, texts [][][]float32, wi, wt Weigher) *fusionBlockLoss {
	f := &fusionBlockLoss{images: newFusionSide(images, wi), texts: newFusionSide(texts, wt), cosines: cosines}
	b := len(images)
	f.joint = make([]float64, b*b)
	for s := range p.stages {
		for i := range b {
			for j := range b {
				f.joint[i*b+j] += f.images.root[i][s] * f.texts.root[j][s] * cosines[(s*b+i)*b+j]
			}
		}
	}
	return f
}

// forward returns the sum of the losses of the block's pairs, the mean of both directions, and keeps the gradient of the logits.
func (f *fusionBlockLoss) forward(scale float64) (total float64) {
	b := len(f.images.a)
	f.dLogits = make([]float64, b*b)
	for _, by := range [][2]int{{b, 1}, {1, b}} { // strides of anchors and candidates
		for i := range b {
			row := make([]float64, b)
			for j := range b {
				row[j] = scale * f.joint[i*by[0]+j*by[1]]
			}
			chances := softmax(row)
			total -= math.Log(math.Max(chances[i], math.SmallestNonzeroFloat64)) / 2
			for j, p := range chances {
				if i == j {
					p--
				}
				f.dLogits[i*by[0]+j*by[1]] += p / 2
			}
		}
	}
	return total
}

// backward turns the gradient of the logits, times factor, into that of the roots, and returns that of the logarithm of the scale.
func (f *fusionBlockLoss) backward(scale, factor float64) (ofScale float64) {
	b := len(f.images.a)
	for i := range b {
		for j := range b {
			g := factor * scale * f.dLogits[i*b+j]
			ofScale += g * f.joint[i*b+j]
			for s := range f.images.a[i] {
				c := g * f.cosines[(s*b+i)*b+j]
				f.images.d[i][s] += c * f.texts.root[j][s]
				f.texts.d[j][s] += c * f.images.root[i][s]
			}
		}
	}
	return ofScale
}
