package unimodal

import (
	"context"
	"fmt"
	"runtime"
	"strconv"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/data/imageset"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
)

// Experiment trains the models of a Config on one set of pictures and embeds that and another set by each.
type Experiment struct {
	Progress func(phase string, step, steps int, loss float64) // may be nil; called after each step

	cfg            Config
	device         torch.Device
	training, test *pixels
}

// New checks the settings against the data. workers views are made at once.
func New(cfg Config, training, test *imageset.Set, device torch.Device, workers int) (*Experiment, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	for _, set := range []*imageset.Set{training, test} {
		if err := set.Validate(); err != nil {
			return nil, err
		}
	}
	if training.Size != test.Size {
		return nil, fmt.Errorf("pictures of %d pixels for training and of %d for the test", training.Size, test.Size)
	}
	if err := cfg.Fits(training.Len()); err != nil {
		return nil, err
	}
	return &Experiment{
		cfg: cfg, device: device,
		training: newPixels(training, cfg, 1, workers, device), test: newPixels(test, cfg, 2, workers, device),
	}, nil
}

// Representation is what a model makes of the pictures, raw.
type Representation struct {
	Name        string      // "base", "stage-1", "control-1"
	Loss        float64     // mean of the last tenth of its training
	Train, Test *mcl.Matrix // [N, D]
}

// Result is what an experiment found.
type Result struct {
	Base     Representation
	Stages   []Representation
	Controls []Representation
	Labels   []*mcl.Labels // with which stage 1, 2, ... was trained
	Merged   []int         // labels too small for a block that joined others, by stage
}

// Run trains one model after the other. A canceled context ends it after the step at hand.
func (e *Experiment) Run(ctx context.Context) (*Result, error) {
	base, err := newModel(e.cfg, e.training.set.Size, e.cfg.Seed, e.device)
	if err != nil {
		return nil, err
	}
	defer base.free()
	result := &Result{}
	if result.Base, err = e.fit(ctx, base, phase{name: "base", steps: e.cfg.BaseSteps, groups: 1, grouper: e.ordinary()}); err != nil {
		return nil, err
	}
	if err := e.stages(ctx, base, result); err != nil || !e.cfg.Control {
		return result, err
	}
	for s := 1; s <= e.cfg.Stages; s++ {
		p := phase{name: "control-" + strconv.Itoa(s), number: uint64(100 + s), steps: e.cfg.Steps, groups: 1, grouper: e.ordinary()}
		r, err := e.from(ctx, base, p, nil)
		if err != nil {
			return nil, err
		}
		result.Controls = append(result.Controls, r)
	}
	return result, nil
}

func (e *Experiment) ordinary() data.Grouper { return data.NewPlain(e.cfg.Train.BatchSize, nil) }

// stages trains the stages, each with the labels that the models before it give.
func (e *Experiment) stages(ctx context.Context, base *model, result *Result) error {
	last, err := e.copyOf(base)
	if err != nil {
		return err
	}
	defer last.free()
	labels := mcl.NewLabels(int64(e.training.set.Len()), func(int64) bool { return true })
	var centroids []mcl.Centroids
	for s := 1; s <= e.cfg.Stages; s++ {
		clusters, err := e.cluster(last, s)
		if err != nil {
			return err
		}
		if labels, err = labels.Clone().Extend(clusters.Assign, mcl.Origin{Clusters: e.cfg.Clusters, Seed: e.cfg.Seed}); err != nil {
			return err
		}
		centroids = append(centroids, clusters.Centroids)
		p, merged, err := e.stagePhase(s, labels, centroids)
		if err != nil {
			return err
		}
		from := base
		if e.cfg.Init == "previous" {
			from = last
		}
		r, err := e.from(ctx, from, p, last)
		if err != nil {
			return err
		}
		result.Stages, result.Labels, result.Merged = append(result.Stages, r), append(result.Labels, labels), append(result.Merged, merged)
	}
	return nil
}

// stagePhase composes the batches of a stage.
func (e *Experiment) stagePhase(s int, labels *mcl.Labels, centroids []mcl.Centroids) (p phase, merged int, err error) {
	batch, groups := e.cfg.Train.BatchSize, e.cfg.Train.Groups
	sizes := labels.Sizes()
	of, err := mcl.MergeSmall(sizes, centroids, batch, groups)
	if err != nil {
		return p, 0, err
	}
	merged, _ = of.Merged(sizes)
	grouper, err := mcl.NewGrouper(labels.ByRow, of.Of, batch, groups, nil)
	if err != nil {
		return p, 0, err
	}
	own := make([]int32, len(labels.ByRow))
	for row, label := range labels.ByRow {
		own[row] = of.Of[label]
	}
	return phase{name: "stage-" + strconv.Itoa(s), number: uint64(s), steps: e.cfg.Steps, groups: groups, grouper: grouper, labels: own}, merged, nil
}

func (e *Experiment) copyOf(m *model) (*model, error) {
	c, err := newModel(e.cfg, e.training.set.Size, 0, e.device)
	if err == nil {
		c.take(m)
	}
	return c, err
}

// from trains a model that starts from the weights of another one; keep, where it is not nil, takes the result's weights.
func (e *Experiment) from(ctx context.Context, start *model, p phase, keep *model) (Representation, error) {
	m, err := e.copyOf(start)
	if err != nil {
		return Representation{}, err
	}
	defer m.free()
	r, err := e.fit(ctx, m, p)
	if err == nil && keep != nil {
		keep.take(m)
	}
	return r, err
}

// fit trains a model and embeds both sets by it.
func (e *Experiment) fit(ctx context.Context, m *model, p phase) (r Representation, err error) {
	r.Name = p.name
	if r.Loss, err = e.train(ctx, m, p); err != nil {
		return r, err
	}
	if r.Train, err = e.embed(m, e.training, OnBackbone); err != nil {
		return r, err
	}
	r.Test, err = e.embed(m, e.test, OnBackbone)
	return r, err
}

// cluster runs K-means on the features of the model before stage s, scaled to length 1.
func (e *Experiment) cluster(m *model, s int) (*mcl.Clustering, error) {
	features, err := e.embed(m, e.training, e.cfg.ClusterOn)
	if err != nil {
		return nil, err
	}
	if err := mcl.Normalize(features.Data, features.Columns); err != nil {
		return nil, fmt.Errorf("features before stage %d: %w", s, err)
	}
	nearest := mcl.NewTorchNearest(e.device)
	defer nearest.Close()
	config := mcl.DefaultKMeansConfig()
	config.Clusters, config.Seed = e.cfg.Clusters, e.cfg.Seed+uint64(s)
	return mcl.KMeans(features, nearest, config)
}

// embedBatch is how many pictures are embedded at once.
const embedBatch = 256

// embed returns the representations or projections of all pictures, raw, without augmentation.
func (e *Experiment) embed(m *model, in *pixels, of string) (out *mcl.Matrix, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer torch.Recover(&err)
	out = &mcl.Matrix{Columns: m.width}
	if of == OnHead {
		out.Columns = e.cfg.Embed
	}
	torch.NoGrad(func() {
		for from := 0; from < in.set.Len(); from += embedBatch {
			scope := torch.NewScope()
			x := m.Forward(in.plain(scope, from, min(from+embedBatch, in.set.Len())))
			if of == OnHead {
				x = m.project(x)
			}
			out.Data = append(out.Data, x.Floats()...)
			scope.Close()
		}
	})
	return out, nil
}
