package train

import (
	"math"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/trace"
)

// Result is what one step tells.
type Result struct {
	Loss       float64
	Distance   float64 // of the features from the base model's, with KeepBase
	GradNorm   float64 // before clipping
	LR         float64
	LogitScale float64 // exp of the parameter, after the step
	Applied    bool    // false where loss or gradient was not finite; parameters and buffers are then as before
}

// maxLogitScale bounds the learned temperature (Radford et al. 2021, section 2.5): logits are scaled by at most 100.
var maxLogitScale = math.Log(100)

// TextFeatures gives the raw text features [n, E] of a caption of each of n rows; it serves a text tower that is locked.
type TextFeatures interface {
	Features(rows []int64, choice []int32) ([]float32, error)
}

// UseTexts makes the trainer take text features from f and leave the text tower alone, which must be locked.
func (t *Trainer) UseTexts(f TextFeatures) { t.texts = f }

// UseTrace makes the trainer record its steps. On a GPU it then waits at the end of each span, which takes time.
func (t *Trainer) UseTrace(r *trace.Recorder) { t.trace = r }

// span begins a part of a step; the function that it returns ends it.
func (t *Trainer) span(name string) (end func()) {
	if t.trace == nil {
		return func() {}
	}
	done := t.trace.Begin(name)
	return func() {
		torch.Synchronize(t.model.Device())
		done()
	}
}

// Step runs one optimisation step on a batch. Both towers embed the batch, the loss compares each pair with the other pairs
// of its block, AdamW applies the gradient. With accumulation the running statistics of batch norms move twice in a step,
// as in open_clip: each part of a batch is embedded twice. libtorch keeps whether gradients are recorded and its last error
// by OS thread: whoever calls Step locks the goroutine to its thread (runtime.LockOSThread), as Run does.
func (t *Trainer) Step(batch data.Batch) (r Result, err error) {
	defer torch.Recover(&err)
	defer t.trace.Begin("step")()
	if err := t.checkBase(); err != nil {
		return r, err
	}
	if t.texts != nil {
		if t.known, err = t.texts.Features(batch.Rows, batch.Choice); err != nil {
			return r, err
		}
	}
	scope := torch.NewScope()
	defer scope.Close()
	torch.ClearGrads(t.opt.all)
	undo := t.keepBuffers(scope)
	r = t.apply(scope, t.gradient(scope, batch))
	if !r.Applied {
		undo()
	}
	t.cursor = batch.After
	return r, nil
}

// keepBuffers copies the model's buffers; undo puts the copies back.
func (t *Trainer) keepBuffers(scope *torch.Scope) (undo func()) {
	buffers := t.model.Buffers()
	copies := make([]*torch.Tensor, len(buffers))
	for i, b := range buffers {
		copies[i] = b.Tensor.Copy(scope)
	}
	return func() {
		for i, b := range buffers {
			b.Tensor.Set(copies[i])
		}
	}
}

// apply updates the parameters by the gradients that are in them, unless the loss or a gradient is not finite.
func (t *Trainer) apply(scope *torch.Scope, loss float64) Result {
	defer t.span("optimizer")()
	r := Result{Loss: loss, Distance: t.distance, LR: t.cfg.LearningRate(t.done)}
	r.GradNorm = torch.ClipGradNorm(t.opt.gradients(scope), t.cfg.GradClip)
	r.Applied = isFinite(r.Loss) && isFinite(r.GradNorm)
	if r.Applied {
		t.opt.update(scope, t.cfg, r.LR)
		t.model.LogitScale.Clamp(0, maxLogitScale)
		t.opt.average.update()
	}
	r.LogitScale = math.Exp(t.model.LogitScale.Item())
	t.done++
	return r
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// gradient leaves the loss's gradient in the parameters and returns the loss. The model is in training mode meanwhile, and
// at no other time.
func (t *Trainer) gradient(scope *torch.Scope, batch data.Batch) float64 {
	t.model.SetTraining(true)
	defer t.model.SetTraining(false)
	if t.cfg.AccumFreq > 1 {
		return t.cachedGradient(scope, batch)
	}
	image, text := t.encode(scope, batch, 0, len(batch.Rows))
	loss := t.objective(scope, batch, image, text)
	t.backward(loss)
	return loss.Item()
}

// encode returns the raw features [n, E] of the pairs from..to of a batch.
func (t *Trainer) encode(scope *torch.Scope, batch data.Batch, from, to int) (image, text *torch.Tensor) {
	upload := t.span("host to device")
	pixels := t.inputs.Pixels(scope, batch.Images, from, to)
	words := t.words(scope, batch, from, to)
	upload()
	defer t.span("forward")()
	t.cfg.compute(t.model.Device(), func() {
		// The text tower first: it asks for the lengths of the captions, which on a GPU waits for what was begun before.
		if text = words; t.texts == nil {
			text = t.model.EncodeText(words)
		}
		text = text.To(t.model.Device(), torch.Float32)
		image = t.model.EncodeImage(pixels).To(t.model.Device(), torch.Float32)
	})
	return image, text
}

// words are the token ids of captions, [n, L], or their features where these are known.
func (t *Trainer) words(scope *torch.Scope, batch data.Batch, from, to int) *torch.Tensor {
	if t.texts == nil {
		return t.inputs.Tokens(scope, batch.Tokens, batch.Length, from, to)
	}
	width := t.model.Config.EmbedDim
	return torch.FromFloats(scope, t.known[from*width:to*width], int64(to-from), int64(width))
}

// cachedGradient is the gradient of the whole batch's loss with the memory of one part of it (Gao et al. 2021, gradient
// caching): embed all parts without a graph, differentiate the loss by the features, then embed each part again and pass
// its share of that gradient on.
func (t *Trainer) cachedGradient(scope *torch.Scope, batch data.Batch) float64 {
	images, texts := t.features(scope, batch)
	images.SetTrainable(true)
	texts.SetTrainable(true)
	loss := t.objective(scope, batch, images, texts)
	loss.Backward()
	imageGrad, textGrad := images.Grad(scope), texts.Grad(scope)
	for from := 0; from < len(batch.Rows); from += t.cfg.BatchSize {
		to := min(from+t.cfg.BatchSize, len(batch.Rows))
		inPart(func(part *torch.Scope) {
			image, text := t.encode(part, batch, from, to)
			share := passOn(part, image, imageGrad, from, to).Add(passOn(part, text, textGrad, from, to))
			if share.Trainable() {
				t.backward(share)
			}
		})
	}
	return loss.Item()
}

// features embeds the batch part by part without a graph, and keeps nothing of a part but its features.
func (t *Trainer) features(scope *torch.Scope, batch data.Batch) (images, texts *torch.Tensor) {
	torch.NoGrad(func() {
		var imageParts, textParts []*torch.Tensor
		for from := 0; from < len(batch.Rows); from += t.cfg.BatchSize {
			inPart(func(part *torch.Scope) {
				image, text := t.encode(part, batch, from, min(from+t.cfg.BatchSize, len(batch.Rows)))
				imageParts, textParts = append(imageParts, image.In(scope)), append(textParts, text.In(scope))
			})
		}
		images, texts = torch.Concat(0, imageParts...), torch.Concat(0, textParts...)
	})
	return images, texts
}

// inPart gives f a scope of its own: the tensors of one part of a batch.
func inPart(f func(part *torch.Scope)) {
	part := torch.NewScope()
	defer part.Close()
	f(part)
}

// passOn is a scalar whose gradient by features [n, E] is the rows from..to of grad.
func passOn(scope *torch.Scope, features, grad *torch.Tensor, from, to int) *torch.Tensor {
	rows := grad.In(scope).Narrow(0, int64(from), int64(to-from))
	return features.Mul(rows).Sum(1).Sum(0)
}
