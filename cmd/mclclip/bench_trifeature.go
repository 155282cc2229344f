package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/features"
	"github.com/mclclip/mclclip/bench/paired/chart"
	"github.com/mclclip/mclclip/bench/paired/trial"
	"github.com/mclclip/mclclip/data/imageset"
	"github.com/mclclip/mclclip/data/trifeature"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/mcl/unimodal"
)

// benchTrifeature is everything that the command line of mclclip bench trifeature says.
type benchTrifeature struct {
	unimodalFlags
	methods string
	tied    string
	data    trifeature.Config
	wide    bool
}

func benchTrifeatureCommand(s streams) *cli.Command {
	f := &benchTrifeature{unimodalFlags: newUnimodalFlags(), methods: "simclr,moco", data: trifeature.DefaultConfig(), wide: true}
	f.tied = strings.Join(f.data.Tied[:], ",")
	f.cfg.Augment = unimodal.Augment{MinScale: .4, Flip: true} // colour is one of the features
	f.cfg.BaseSteps, f.cfg.Steps = 300, 150
	return &cli.Command{
		Name:  "trifeature",
		Usage: "learn shapes, textures and colours without labels, and see which of them each stage knows",
		Description: "Draws the Trifeature data set, trains a base model, stages and as many controls by each method, and reads shape, texture and\n" +
			"colour from each representation by a linear probe and by nearest neighbours; beside them a single model as wide as the\n" +
			"concatenation, trained for as many steps as all its models. Writes trifeature.json, .txt and .png, and a gallery of nearest\n" +
			"neighbours for each run; called again, it goes on with what is missing. The paper's size: --size 224 --versions 100\n" +
			"--backbone resnet18 --stem imagenet --width 64 --batch-size 512 --base-steps 39000 --steps 39000.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "methods", Usage: "simclr, moco or both, separated by a comma", Value: f.methods, Destination: &f.methods},
			&cli.IntFlag{Name: "size", Usage: "pixels of a side; drawn at 224 and reduced", Value: f.data.Size, Destination: &f.data.Size},
			&cli.StringFlag{Name: "split", Usage: "combinations (800 for training, 200 for the test), uncorrelated (see --target) or correlated (see --tied)", Value: f.data.Split, Destination: &f.data.Split},
			&cli.StringFlag{Name: "target", Usage: "feature of which an uncorrelated split shows all classes in training", Value: f.data.Target, Destination: &f.data.Target},
			&cli.StringFlag{Name: "tied", Usage: "`FEATURES` of a correlated split: the first decides the second", Value: f.tied, Destination: &f.tied},
			&cli.Float64Flag{Name: "correlation", Usage: "probability with which it does", Value: f.data.Correlation, Destination: &f.data.Correlation},
			&cli.IntFlag{Name: "versions", Usage: "pictures of each training combination; in a correlated split 490 times as many", Value: f.data.Versions, Destination: &f.data.Versions},
			&cli.IntFlag{Name: "test-versions", Usage: "pictures of each combination of the test set", Value: f.data.TestVersions, Destination: &f.data.TestVersions},
			&cli.BoolFlag{Name: "wide", Usage: "train the single wide model as well", Value: f.wide, Destination: &f.wide},
		}, f.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *benchTrifeature) do(ctx context.Context, s streams) error {
	if err := f.check("runs/trifeature"); err != nil {
		return err
	}
	first, second, _ := strings.Cut(f.tied, ",")
	f.data.Tied = [2]string{strings.TrimSpace(first), strings.TrimSpace(second)}
	if err := f.fits(f.data); err != nil {
		return err
	}
	methods := strings.Split(f.methods, ",")
	for _, method := range methods {
		f.cfg.Method = method
		if err := f.cfg.Validate(); err != nil {
			return usageErrorf("--methods %q: %w", f.methods, err)
		}
	}
	t := &trial.Trial{Title: "Trifeature, " + f.data.Split, Config: f.cfg}
	for _, method := range methods {
		for seed := range f.seeds {
			p, err := f.measure(ctx, s, method, seed)
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", method, seed, err)
			}
			join(t, p)
		}
	}
	return writeTrial(s, f.out, "trifeature", "method", t)
}

func (f *benchTrifeature) measure(ctx context.Context, s streams, method string, seed int) (part, error) {
	cfg, data := f.cfg, f.data
	cfg.Method, cfg.Seed, data.Seed = method, uint64(seed), uint64(seed)
	config := struct {
		Run   unimodal.Config   `json:"run"`
		Data  trifeature.Config `json:"data"`
		Wide  bool              `json:"wide"`
		Probe any               `json:"probe"`
	}{cfg, data, f.wide, []any{f.probe, f.knn}}
	return doPart(f.partPath(method, seed), config, func() (part, error) {
		train, test, err := trifeature.Generate(data)
		if err != nil {
			return part{}, err
		}
		picture := filepath.Join(f.out, fmt.Sprintf("neighbors-%s-%d.png", method, seed))
		return f.trainAndScore(ctx, s, cfg, method, seed, train, test, f.wide, func(all []column, r *unimodal.Result) error {
			return f.gallery(picture, fmt.Sprintf("%s, seed %d", method, seed), all, r, train)
		})
	})
}

// wider is a single model as wide as all models of a configuration beside each other, trained for as many steps as they.
func wider(cfg unimodal.Config) unimodal.Config {
	cfg.Width *= 1 + cfg.Stages
	cfg.BaseSteps += cfg.Stages * cfg.Steps
	cfg.Stages, cfg.Control = 0, false
	return cfg
}

const (
	galleryQueries   = 10
	galleryNeighbors = 4
)

// gallery shows the nearest training pictures of some of them: by every representation among all, and by the base and each stage
// among those of the query's label in that stage, where only what the stage has learned can tell them apart.
func (f *benchTrifeature) gallery(path, title string, columns []column, r *unimodal.Result, train *imageset.Set) error {
	g := chart.Gallery{Title: "nearest neighbours: " + title, Size: train.Size, Picture: train.Picture}
	for q := range galleryQueries {
		g.Queries = append(g.Queries, q*train.Len()/galleryQueries)
	}
	all := func(int, int) bool { return true }
	for _, c := range columns {
		if c.name != "control" {
			g.Groups = append(g.Groups, chart.GalleryGroup{Name: c.name, Found: nearestTo(c.train, g.Queries, all)})
		}
	}
	for s, labels := range r.Labels {
		alike := func(a, b int) bool { return labels.ByRow[a] == labels.ByRow[b] }
		for _, of := range []unimodal.Representation{r.Base, r.Stages[s]} {
			name := fmt.Sprintf("%s in label(%d)", of.Name, s+1)
			g.Groups = append(g.Groups, chart.GalleryGroup{Name: name, Found: nearestTo(beside(nil, of.Train), g.Queries, alike)})
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, g.WritePNG)
}

// nearestTo lists for each query the nearest other rows by cosine, among those that may be taken.
func nearestTo(x [][]float32, queries []int, may func(query, row int) bool) (found [][]int) {
	x = features.Unit(x)
	for _, q := range queries {
		var rows []int
		var cosines []float64
		for i := range x {
			if i == q || !may(q, i) {
				continue
			}
			cosine := features.Dot(x[i], x[q])
			at := len(rows)
			for at > 0 && cosines[at-1] < cosine {
				at--
			}
			rows, cosines = insert(rows, at, i), insert(cosines, at, cosine)
		}
		found = append(found, rows)
	}
	return found
}

// insert puts a value at a place of a list and keeps it as short as a gallery's row.
func insert[T any](list []T, at int, value T) []T {
	if at >= galleryNeighbors {
		return list
	}
	list = append(list[:at:at], append([]T{value}, list[at:]...)...)
	return list[:min(len(list), galleryNeighbors)]
}
