package mcl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/train/metrics"
)

// QualityEvent names the event in metrics.jsonl with the figures of a finished model on a sample of the pairs.
const QualityEvent = "quality"

// Tags of its values.
const (
	AlignmentTag         = "quality/alignment"         // mean squared distance of an image and its caption (Wang and Isola 2020)
	ImageUniformityTag   = "quality/uniformity_images" // log of the mean of exp(-2 |x-y|^2) over pairs of images
	CaptionUniformityTag = "quality/uniformity_texts"  // the same for captions
	RecallTag            = "quality/recall"            // share of captions that find their image in the sample
	BaseLossTag          = "quality/loss_base"         // of the base model, on negatives of the anchor's own label
	BeforeLossTag        = "quality/loss_before"       // the lowest of the models before this stage
	LossTag              = "quality/loss"              // of this stage
	NewShareTag          = "quality/new_share_of_drop" // from stage 2 on: share of the drop from BaseLossTag to LossTag that no earlier model had
)

// A sample is small enough to embed beside training, in runs of rows that lie together.
const (
	qualityRows = 1024
	qualityRun  = 32
)

// sampled are the unit features that a model has of the sample.
type sampled struct {
	rows          []int64
	images, texts [][]float32
	scale         float64 // exp(logit scale)
}

// view is the features of the images or of the captions.
func (s *sampled) view(view string) [][]float32 {
	if view == onText {
		return s.texts
	}
	return s.images
}

// add appends features [n, width] of one view.
func (s *sampled) add(view string, block []float32, width int) {
	into := &s.images
	if view == onText {
		into = &s.texts
	}
	for ; len(block) > 0; block = block[width:] {
		*into = append(*into, block[:width:width])
	}
}

// tellQuality measures a finished model and warns where it is no gain.
func (r *Run) tellQuality(ctx context.Context, p phase) error {
	own, err := r.sample(ctx, p)
	if err != nil {
		return fmt.Errorf("figures of %s: %w", p.name, err)
	}
	values := map[string]float64{
		AlignmentTag: Alignment(own.images, own.texts), ImageUniformityTag: Uniformity(own.images), CaptionUniformityTag: Uniformity(own.texts),
		RecallTag: recallAtOne(own.images, own.texts),
	}
	text := fmt.Sprintf("%s: alignment %.3f, uniformity of images %.3f and captions %.3f, %.1f %% of %d captions find their image",
		p.name, values[AlignmentTag], values[ImageUniformityTag], values[CaptionUniformityTag], 100*values[RecallTag], len(own.rows))
	var warnings []string
	if p.stage > 0 && !p.ordinary {
		if err := r.newInDrop(ctx, p, own, values); err != nil {
			return err
		}
		if loss, ok := values[LossTag]; ok {
			text += fmt.Sprintf("; loss on negatives of the own label %.3f, of base %.3f", loss, values[BaseLossTag])
		}
		if share, ok := values[NewShareTag]; ok {
			text += fmt.Sprintf(": %.0f %% of the drop is new, an earlier model had the rest", 100*share)
		}
		warnings = qualityWarnings(values)
	}
	if err := r.log.Event(metrics.Event{Name: QualityEvent, Phase: p.name, Text: text, Values: values}); err != nil {
		return err
	}
	for _, warning := range warnings {
		if err := r.log.Event(metrics.Event{Name: WarningEvent, Phase: p.name, Text: "warning: " + warning}); err != nil {
			return err
		}
	}
	return nil
}

// unmeasured names the model that was the last to be finished when the run stopped before its figures were recorded, "" if there
// is none.
func (r *Run) unmeasured(list []phase) (string, error) {
	steps, events, err := metrics.Read(filepath.Join(r.dir, metrics.LinesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	begun, measured := map[string]bool{}, map[string]bool{}
	for _, s := range steps {
		begun[s.Phase] = true
	}
	for _, e := range events {
		begun[e.Phase] = true
		measured[e.Phase] = measured[e.Phase] || e.Name == QualityEvent
	}
	newest := ""
	for _, p := range list {
		switch {
		case p.done() && !measured[p.name]:
			newest = p.name
		case p.done() || begun[p.name]: // what is recorded now would stand behind its lines
			newest = ""
		}
	}
	return newest, err
}

// newInDrop adds how far the stage's loss on its own negatives fell, and what of that no model before it had.
func (r *Run) newInDrop(ctx context.Context, p phase, own *sampled, values map[string]float64) error {
	labels, err := r.labels(ctx, p)
	if err != nil {
		return err
	}
	blocks := labelBlocks(own.rows, labels.ByRow)
	if len(blocks) == 0 {
		return nil
	}
	values[LossTag], values[BeforeLossTag] = own.blockLoss(blocks), math.Inf(1)
	for s := 0; s < p.stage; s++ {
		before, err := r.sample(ctx, newPhase(r.dir, "stage", s, false))
		if err != nil {
			return err
		}
		loss := before.blockLoss(blocks)
		if s == 0 {
			values[BaseLossTag] = loss
		}
		values[BeforeLossTag] = min(values[BeforeLossTag], loss)
	}
	if p.stage > 1 { // before stage 1 there is the base alone, and all of the drop is new
		values[NewShareTag] = newShare(values[BaseLossTag], values[BeforeLossTag], values[LossTag])
	}
	return nil
}

// newShare is the share of the drop from base to loss that lies below the best model before; 0 where the loss did not drop.
func newShare(base, before, loss float64) float64 {
	if !(base > loss) {
		return 0
	}
	return max(0, min(1, (before-loss)/(base-loss)))
}

// qualityWarnings name the signs that a stage is no gain.
func qualityWarnings(values map[string]float64) (warnings []string) {
	if share, ok := values[NewShareTag]; ok && share < leastNew {
		warnings = append(warnings, fmt.Sprintf(
			"no gain from this stage: of the drop of its loss %.0f %% is new, an earlier model had the rest: fewer --stages will do, or raise --steps, --lr or --clusters", 100*share))
	}
	if loss, ok := values[LossTag]; ok && !(values[BaseLossTag] > loss) {
		warnings = append(warnings, fmt.Sprintf(
			"degradation: on negatives of its own label the stage's loss is %.3f, that of base %.3f: lower --lr, or raise --batch-size or --groups", loss, values[BaseLossTag]))
	}
	return warnings
}

// sample embeds the sample with a finished model, once in a process.
func (r *Run) sample(ctx context.Context, p phase) (*sampled, error) {
	if s := r.samples[p.name]; s != nil {
		return s, nil
	}
	encoder, err := clip.OpenEncoder(p.model(), r.device)
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	transform, err := EvalTransform(encoder.Model.Config, encoder.Preprocess())
	if err != nil {
		return nil, err
	}
	scale := encoder.Model.LogitScale.Floats()[0]
	s := &sampled{scale: math.Exp(float64(scale))}
	views := []string{onImage, onText}
	if base := r.samples[phases(r.dir, r.cfg)[0].name]; base != nil && p.stage > 0 && r.cfg.Lock.textStays() {
		s.texts, views, transform.Text = base.texts, views[:1], nil // the text tower is the base's
	}
	index := r.index.Sample(qualityRows, qualityRun)
	for batch, err := range data.Sequential(ctx, index, embedBatch, transform, r.loaderConfig(p)) {
		if err != nil {
			return nil, err
		}
		for _, view := range views {
			block, err := encode(encoder, view, batch)
			if err != nil {
				return nil, err
			}
			s.add(view, block, encoder.Model.Config.EmbedDim)
		}
		s.rows = append(s.rows, batch.Rows...)
	}
	if r.samples == nil {
		r.samples = map[string]*sampled{}
	}
	r.samples[p.name] = s
	return s, nil
}
