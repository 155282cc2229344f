package clip

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// The loss is that of training on all pairs at once, over several parts of rows; the recalls are counted by hand.
func TestHeldOutPairsAreScoredAsOneBatch(t *testing.T) {
	torchtest.NoLeak(t)
	const n, e = heldOutRows + 76, 5
	r := rand.New(rand.NewPCG(1, 2))
	images, texts := make([]float32, n*e), make([]float32, n*e)
	for i := range images {
		images[i] = float32(r.NormFloat64())
		texts[i] = images[i] + 0.3*float32(r.NormFloat64())
	}
	scope := torch.NewScope()
	defer scope.Close()
	i, x := torch.FromFloats(scope, images, n, e), torch.FromFloats(scope, texts, n, e)
	scale := torch.FromFloats(scope, []float32{2.5})
	got, err := ScoreHeldOut(i, x, scale)
	if err != nil {
		t.Fatal(err)
	}
	if want := Loss(i, x, scale, 1).Item(); math.Abs(got.Loss-want) > 1e-4 {
		t.Errorf("the loss is %v, want %v", got.Loss, want)
	}
	if want := recallByHand(images, texts, e); got.ImageToText != want || want < 0.2 || want > 0.9 {
		t.Errorf("image to text is %v, want %v", got.ImageToText, want)
	}
	if want := recallByHand(texts, images, e); got.TextToImage != want {
		t.Errorf("text to image is %v, want %v", got.TextToImage, want)
	}
	if got.ImageToText == got.TextToImage {
		t.Error("both directions are equal: a mix-up would not show")
	}
}

func recallByHand(from, to []float32, e int) float64 {
	n, right := len(from)/e, 0
	for i := range n {
		best, at := math.Inf(-1), -1
		for j := range n {
			dot, square := 0.0, 0.0
			for k := range e {
				dot += float64(from[i*e+k]) * float64(to[j*e+k])
				square += float64(to[j*e+k]) * float64(to[j*e+k])
			}
			if cosine := dot / math.Sqrt(square); cosine > best {
				best, at = cosine, j
			}
		}
		if at == i {
			right++
		}
	}
	return float64(right) / float64(n)
}
