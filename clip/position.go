package clip

import (
	"math"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
)

const visionPosition = visual + "positional_embedding"

// resized is the source of a model for images of another size than the source's: it interpolates the position embeddings of
// the patches, as open_clip's resize_pos_embed does. The plan's shapes are those of the source.
func resized(source nn.Source, from, to Config) nn.Source {
	if from.Vision.ImageSize == to.Vision.ImageSize {
		return source
	}
	return func(p nn.Param) (*torch.Tensor, error) {
		if p.Name != visionPosition {
			return source(p)
		}
		want := p.Shape
		oldGrid, newGrid := from.Vision.ImageSize/from.Vision.PatchSize, to.Vision.ImageSize/to.Vision.PatchSize
		p.Shape = []int64{int64(oldGrid*oldGrid + 1), want[1]}
		t, err := source(p)
		if err != nil {
			return nil, err
		}
		defer t.Free()
		scope := torch.NewScope()
		defer scope.Close()
		old := t.In(scope).To(torch.CPU, torch.Float32).Floats()
		return torch.FromFloats(nil, resizePositions(old, int(want[1]), oldGrid, newGrid), want...).Moved(t.Device()), nil
	}
}

// resizePositions interpolates position embeddings [1+from*from, width] to [1+to*to, width]. The first, the class token's,
// stays; the others are a square image that is resized by the bicubic filter of PyTorch with antialias=True and
// align_corners=False.
func resizePositions(old []float32, width, from, to int) []float32 {
	resized := append([]float32(nil), old[:width]...)
	taps := bicubicTaps(from, to)
	image := old[width:]
	rows := make([]float32, from*to*width) // [from, to, width]
	for y := range from {
		for x, tap := range taps {
			tap.blend(rows[(y*to+x)*width:][:width], image[y*from*width:], width)
		}
	}
	out := make([]float32, to*to*width)
	for y, tap := range taps {
		tap.blend(out[y*to*width:][:to*width], rows, to*width)
	}
	return append(resized, out...)
}

// taps are the weights of the inputs that make an output, from input first on.
type taps struct {
	first   int
	weights []float64
}

// blend writes the weighted sum of inputs, each a run of size values, to dst.
func (t taps) blend(dst, inputs []float32, size int) {
	for i := range dst {
		sum := 0.0
		for k, w := range t.weights {
			sum += w * float64(inputs[(t.first+k)*size+i])
		}
		dst[i] = float32(sum)
	}
}

// bicubicTaps are the weights of Keys' cubic filter with a = -1/2, which is stretched where the result is smaller.
func bicubicTaps(from, to int) []taps {
	scale := float64(from) / float64(to)
	stretch := max(scale, 1)
	out := make([]taps, to)
	for i := range out {
		center := scale * (float64(i) + 0.5)
		first, last := max(0, int(center-2*stretch+0.5)), min(from, int(center+2*stretch+0.5))
		t, sum := taps{first: first}, 0.0
		for k := first; k < last; k++ {
			w := cubic((float64(k) - center + 0.5) / stretch)
			t.weights, sum = append(t.weights, w), sum+w
		}
		for k := range t.weights {
			t.weights[k] /= sum
		}
		out[i] = t
	}
	return out
}

func cubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return ((a*x-5*a)*x+8*a)*x - 4*a
	}
	return 0
}
