package mcl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// HeldOutEvent names the event in metrics.jsonl with the score of a finished model on the pairs of --val-pairs, by itself and
// integrated with those before it.
const HeldOutEvent = "held_out"

// Tags of its values: shares of captions whose own image is the nearest of all, and of images whose own caption is.
const (
	HeldOutImagesTag           = "held_out/text_to_image_R@1"
	HeldOutTextsTag            = "held_out/image_to_text_R@1"
	HeldOutIntegratedImagesTag = "held_out/integrated_text_to_image_R@1" // of stages or controls so far, the base among them
	HeldOutIntegratedTextsTag  = "held_out/integrated_image_to_text_R@1"
)

// tellHeldOut scores a finished model on the held-out pairs, where there are any.
func (r *Run) tellHeldOut(ctx context.Context, p phase) error {
	if r.heldOut == nil {
		return nil
	}
	own, together, text, err := r.heldOutLine(ctx, p)
	if err != nil {
		return fmt.Errorf("score of %s on held-out pairs: %w", p.name, err)
	}
	values := map[string]float64{HeldOutImagesTag: own.TextToImage, HeldOutTextsTag: own.ImageToText}
	if p.stage > 0 {
		values[HeldOutIntegratedImagesTag], values[HeldOutIntegratedTextsTag] = together.TextToImage, together.ImageToText
	}
	return r.log.Event(metrics.Event{Name: HeldOutEvent, Phase: p.name, Text: text, Values: values})
}

// heldOutLine scores a model and all before it of its kind, alone and together, and a control beside the stages of the same number.
func (r *Run) heldOutLine(ctx context.Context, p phase) (own, together clip.HeldOut, text string, err error) {
	line := &heldOutText{}
	var members []heldOutFeatures
	for s := range p.stage + 1 {
		member := newPhase(r.dir, p.kind, s, p.ordinary)
		known, err := r.heldOutOf(ctx, member)
		if err != nil {
			return own, together, "", err
		}
		own = known.score
		line.add(member.name, own)
		members = append(members, known.features)
	}
	if p.stage > 0 {
		if together, err = r.scoreHeldOut(joinHeldOut(members)); err != nil {
			return own, together, "", err
		}
		line.add("integrated", together)
	}
	if p.kind == "control" {
		_, stages, _, err := r.heldOutLine(ctx, newPhase(r.dir, "stage", p.stage, false))
		if err != nil {
			return own, together, "", err
		}
		line.add("the stages integrated", stages)
	}
	return own, together, fmt.Sprintf("%s: %d held-out pairs, captions that find their image, images that find their caption: %s", p.name, r.heldOut.Usable(), line), nil
}

// heldOutText puts scores side by side.
type heldOutText struct{ parts []string }

func (t *heldOutText) add(name string, score clip.HeldOut) {
	t.parts = append(t.parts, fmt.Sprintf("%s %.1f %% and %.1f %%", name, 100*score.TextToImage, 100*score.ImageToText))
}

func (t *heldOutText) String() string { return strings.Join(t.parts, "; ") }

// scoreHeldOut compares features; the scale concerns the loss alone, which is not used.
func (r *Run) scoreHeldOut(f heldOutFeatures) (clip.HeldOut, error) {
	scope := torch.NewScope()
	defer scope.Close()
	return f.score(r.device, torch.FromFloats(scope, []float32{0}).To(r.device, torch.Float32))
}

// heldOutKnown is what a finished model makes of the held-out pairs.
type heldOutKnown struct {
	features heldOutFeatures
	score    clip.HeldOut
}

// heldOutOf embeds and scores the held-out pairs with a finished model, once in a process.
func (r *Run) heldOutOf(ctx context.Context, p phase) (known heldOutKnown, err error) {
	if known, ok := r.heldOutBy[p.name]; ok {
		return known, nil
	}
	encoder, err := clip.OpenEncoder(p.model(), r.device)
	if err != nil {
		return known, err
	}
	defer encoder.Close()
	transform, err := EvalTransform(encoder.Model.Config, encoder.Preprocess())
	if err != nil {
		return known, err
	}
	if known.features, err = r.embedHeldOut(ctx, p, encoder, transform, encodeRaw); err != nil {
		return known, err
	}
	if known.score, err = r.scoreHeldOut(known.features); err != nil {
		return known, err
	}
	if r.heldOutBy == nil {
		r.heldOutBy = map[string]heldOutKnown{}
	}
	r.heldOutBy[p.name] = known
	return known, nil
}

// joinHeldOut puts the features of several models one after the other, pair by pair (the authors' rule of integration).
func joinHeldOut(members []heldOutFeatures) (joined heldOutFeatures) {
	for _, m := range members {
		joined.width += m.width
	}
	view := func(of func(heldOutFeatures) []float32) (rows []float32) {
		for i := range len(of(members[0])) / members[0].width {
			for _, m := range members {
				rows = append(rows, of(m)[i*m.width:(i+1)*m.width]...)
			}
		}
		return slices.Clip(rows)
	}
	joined.images = view(func(f heldOutFeatures) []float32 { return f.images })
	joined.texts = view(func(f heldOutFeatures) []float32 { return f.texts })
	return joined
}
