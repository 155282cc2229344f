package mcl

import (
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/text/tokenizer"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// EvalTransform decodes images as the model was meant to see them (resize, centre crop) and tokenises captions.
func EvalTransform(model clip.Config, pre clip.Preprocess) (data.Transform, error) {
	return transform(model, pre, func(p *preprocess.Preprocessor) func([]uint8, []byte, uint64) error {
		return func(dst []uint8, encoded []byte, _ uint64) error { return p.Eval(dst, encoded) }
	})
}

// TrainTransform is EvalTransform with open_clip's random crop in place of the centre crop. A scale of 1 leaves the images
// as they are evaluated.
func TrainTransform(model clip.Config, pre clip.Preprocess, scale float64) (data.Transform, error) {
	if scale == 1 {
		return EvalTransform(model, pre)
	}
	pre.TrainScale = scale
	return transform(model, pre, func(p *preprocess.Preprocessor) func([]uint8, []byte, uint64) error { return p.Train })
}

func transform(model clip.Config, pre clip.Preprocess, image func(*preprocess.Preprocessor) func([]uint8, []byte, uint64) error) (data.Transform, error) {
	if err := model.Text.CheckTokenizer(); err != nil {
		return data.Transform{}, err
	}
	p, err := preprocess.New(pre)
	if err != nil {
		return data.Transform{}, err
	}
	words, size := tokenizer.New(), model.Vision.ImageSize
	return data.Transform{
		Image: image(p), ImageBytes: 3 * size * size,
		Text: func(dst []int32, caption string) int {
			length, _ := words.Row(dst, caption)
			return length
		},
		Context: model.Text.ContextLength,
	}, nil
}
