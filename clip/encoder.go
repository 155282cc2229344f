package clip

import (
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/text/tokenizer"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// Encoder embeds encoded images and plain texts with a model read from a folder: preprocessing, tokens and towers in one.
// It computes in float32 without a graph.
type Encoder struct {
	Model *Model

	pre    Preprocess
	inputs *Inputs
	image  *preprocess.Preprocessor
	words  *tokenizer.Tokenizer

	borrowed bool // the model is somebody else's
}

// encoderBatch is the number of images or texts of one forward pass. It is fixed, because matrix products round otherwise in
// another batch size, and the same inputs must give the same features.
const encoderBatch = 32

// OpenEncoder loads weights, see Load.
func OpenEncoder(path string, device torch.Device) (*Encoder, error) {
	return OpenEncoderAs(path, Options{}, device)
}

// OpenEncoderAs loads weights, see LoadAs.
func OpenEncoderAs(path string, o Options, device torch.Device) (*Encoder, error) {
	model, pre, err := LoadAs(path, o, device)
	if err != nil {
		return nil, err
	}
	e, err := NewEncoder(model, pre)
	if err != nil {
		model.Close()
		return nil, err
	}
	return e, nil
}

// NewEncoder makes an encoder of a model, which it owns from then on.
func NewEncoder(model *Model, pre Preprocess) (e *Encoder, err error) {
	defer torch.Recover(&err)
	image, err := preprocess.New(pre)
	if err != nil {
		return nil, err
	}
	return &Encoder{Model: model, pre: pre, inputs: NewInputs(model, pre), image: image, words: tokenizer.New()}, nil
}

// Borrow makes an encoder of a model that stays its owner's: what it computes follows the model's weights as they change.
func Borrow(model *Model, pre Preprocess) (*Encoder, error) {
	e, err := NewEncoder(model, pre)
	if err == nil {
		e.borrowed = true
	}
	return e, err
}

// Close frees the model, unless it is borrowed.
func (e *Encoder) Close() {
	e.inputs.Free()
	if !e.borrowed {
		e.Model.Close()
	}
}

// Images returns the raw features, [n][E], of n encoded images (JPEG, PNG, WebP ...). An error names the image by its
// index.
func (e *Encoder) Images(encoded [][]byte) ([][]float32, error) {
	size := 3 * e.Model.Config.Vision.ImageSize * e.Model.Config.Vision.ImageSize
	return e.batches(len(encoded), func(scope *torch.Scope, from, to int) (*torch.Tensor, error) {
		pixels := make([]uint8, (to-from)*size)
		if err := e.decode(pixels, encoded, from, to); err != nil {
			return nil, err
		}
		return e.Model.EncodeImage(e.inputs.Pixels(scope, pixels, 0, to-from)), nil
	})
}

// decode decodes the images from..to, as many at once as there are processors.
func (e *Encoder) decode(pixels []uint8, encoded [][]byte, from, to int) error {
	size := len(pixels) / (to - from)
	errs := make([]error, to-from)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range errs {
		group.Go(func() error {
			errs[i] = e.image.Eval(pixels[i*size:(i+1)*size], encoded[from+i])
			return nil
		})
	}
	group.Wait()
	for i, err := range errs { // the first bad image is named, whichever ended first
		if err != nil {
			return &ImageError{from + i, err}
		}
	}
	return nil
}

// Texts returns the raw features, [n][E], of n texts. A text beyond the context length is cut.
func (e *Encoder) Texts(texts []string) ([][]float32, error) {
	context := e.Model.Config.Text.ContextLength
	if err := e.Model.Config.Text.CheckTokenizer(); err != nil {
		return nil, err
	}
	return e.batches(len(texts), func(scope *torch.Scope, from, to int) (*torch.Tensor, error) {
		tokens, longest := make([]int32, (to-from)*context), 0
		for i := from; i < to; i++ {
			length, _ := e.words.Row(tokens[(i-from)*context:(i-from+1)*context], texts[i])
			longest = max(longest, length)
		}
		return e.Model.EncodeText(e.inputs.Tokens(scope, tokens, longest, 0, to-from)), nil
	})
}

// Pixels returns the raw features, [n][E], of n images that are decoded already: 8-bit [n, 3, S, S].
func (e *Encoder) Pixels(images []uint8, n int) ([][]float32, error) {
	return e.batches(n, func(scope *torch.Scope, from, to int) (*torch.Tensor, error) {
		return e.Model.EncodeImage(e.inputs.Pixels(scope, images, from, to)), nil
	})
}

// Tokens returns the raw features, [n][E], of n rows of token ids, of which length columns are read.
func (e *Encoder) Tokens(tokens []int32, length, n int) ([][]float32, error) {
	return e.batches(n, func(scope *torch.Scope, from, to int) (*torch.Tensor, error) {
		return e.Model.EncodeText(e.inputs.Tokens(scope, tokens, length, from, to)), nil
	})
}

// Preprocess says how the model wants its images.
func (e *Encoder) Preprocess() Preprocess { return e.pre }

// batches runs forward over 0..n in batches and collects the rows of its results.
func (e *Encoder) batches(n int, forward func(scope *torch.Scope, from, to int) (*torch.Tensor, error)) (rows [][]float32, err error) {
	defer torch.Recover(&err)
	width := e.Model.Config.EmbedDim
	for from := 0; from < n; from += encoderBatch {
		var features []float32
		torch.NoGrad(func() {
			scope := torch.NewScope()
			defer scope.Close()
			var out *torch.Tensor
			if out, err = forward(scope, from, min(from+encoderBatch, n)); err == nil {
				features = out.Floats()
			}
		})
		if err != nil {
			return nil, err
		}
		for ; len(features) > 0; features = features[width:] {
			rows = append(rows, features[:width:width])
		}
	}
	return rows, nil
}

// ImageError says which of the images given to an Encoder cannot be used, from 0, and why.
type ImageError struct {
	Index int
	Err   error
}

func (e *ImageError) Error() string { return fmt.Sprintf("image %d: %v", e.Index, e.Err) }

func (e *ImageError) Unwrap() error { return e.Err }
