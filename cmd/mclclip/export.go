package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/data/embedding"
	"github.com/mclclip/mclclip/internal/fault"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train/metrics"
)

// export is everything that the command line of mclclip export says.
type export struct {
	pairs     pairsFlags
	machine   machineFlags
	run       string
	out       string
	format    string
	dtype     string
	stages    string
	stage     string
	weights   bool
	source    weightsFlags // of --weights without a run
	integrate string
	rule      mcl.Integrator
	normalize bool
	sum       bool
	batch     int
}

func exportCommand(s streams) *cli.Command {
	f := &export{}
	return &cli.Command{
		Name:  "export",
		Usage: "write the integrated embeddings of images and captions, or with --weights the models themselves",
		Description: "The embedding of a run is the concatenation of its stages' features. With a locked text tower --sum gives one vector of\n" +
			"the base width for each image, whose inner product with a caption's is exactly the cosine of the concatenations.\n" +
			"--weights writes the models of a run, or of --pretrained, as folders that open_clip (local-dir:FOLDER) and transformers\n" +
			"(CLIPModel.from_pretrained) load as they are.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "run", Usage: "run `FOLDER` of finetune", Destination: &f.run},
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` to write", Destination: &f.out},
			&cli.StringFlag{Name: "format", Usage: "`FORMAT` of embeddings: parquet, or npy: img_emb, text_emb and metadata as clip-retrieval lays them out; of weights: open_clip, hf or both", DefaultText: "parquet, of weights both", Destination: &f.format},
			&cli.BoolFlag{Name: "weights", Usage: "write the weights in place of embeddings, with configuration, tokenizer and preprocessing", Destination: &f.weights},
			&cli.StringFlag{Name: "stage", Usage: "with --weights: `NAME` of one model of the run, such as base or stage-1; all makes a folder of each", Value: allStages, Destination: &f.stage},
			&cli.StringFlag{Name: "dtype", Usage: "`float32` or float16", Value: "float32", Destination: &f.dtype},
			&cli.StringFlag{Name: "stages", Usage: "`NAMES` of the models to integrate, such as base,stage-1; all by default", Destination: &f.stages},
			&cli.StringFlag{Name: "integrate", Usage: "`RULE` by which the models' features become one: " + strings.Join(mcl.Integrations(), ", "), Value: "concat", Destination: &f.integrate},
			&cli.StringFlag{Name: "key-column", Usage: "`COLUMN` to keep beside the embeddings as key, such as the class of each image; found by its usual names (key, __key__, id)", Destination: &f.pairs.options.KeyColumn},
			&cli.BoolFlag{Name: "normalize", Usage: "scale embeddings to length 1; --normalize=false keeps the raw features", Value: true, Destination: &f.normalize},
			&cli.BoolFlag{Name: "sum", Usage: "one vector of the base width in place of the concatenation; the text tower must have been locked", Destination: &f.sum},
			&cli.IntFlag{Name: "batch-size", Usage: "pairs in one forward pass", Value: 64, Destination: &f.batch},
		}, f.source.flags("with --weights, in place of --run: "+pretrainedUsage, "with --pretrained: "+modelUsage), f.pairs.flags(), f.machine.flags()),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return f.do(c.Context, s)
		},
	}
}

func (f *export) do(ctx context.Context, s streams) error {
	if f.weights {
		return f.doWeights(ctx, s)
	}
	if err := f.check(); err != nil {
		return &exitError{codeUsage, err}
	}
	integrated, err := mcl.ReadIntegrated(f.run)
	if err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	members, err := f.members(integrated)
	if err != nil {
		return &exitError{codeUsage, err}
	}
	if err := f.openRule(members); err != nil {
		return &exitError{codeUsage, fmt.Errorf("--integrate: %w", err)}
	}
	device, err := f.machine.apply()
	if err != nil {
		return err
	}
	source, err := f.pairs.open()
	if err != nil {
		return err
	}
	writer, err := f.writer(integrated, members, source)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer writer.Abort()
	log, err := metrics.Open(metrics.Config{Console: s.stderr})
	if err != nil {
		return err
	}
	defer log.Close()
	index, err := scanPairs(ctx, source, f.machine.workers, log)
	if err != nil {
		return err
	}
	if err := f.write(ctx, writer, members, index, log, device); err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, f.out)
	return skippedRows(index, "mclclip data inspect --skipped FILE lists them")
}

func (f *export) check() error {
	if err := require("run", f.run, "runs/first"); err != nil {
		return err
	}
	if err := require("out", f.out, "embeddings"); err != nil {
		return err
	}
	if f.format == "" {
		f.format = "parquet"
	}
	switch {
	case f.source != (weightsFlags{}) || f.stage != allStages:
		return errors.New("--pretrained, --model, --force-image-size and --stage go with --weights; --stages chooses the models of an embedding")
	case f.format != "parquet" && f.format != "npy":
		return fmt.Errorf("--format %q: want parquet or npy", f.format)
	case f.dtype != "float32" && f.dtype != "float16":
		return fmt.Errorf("--dtype %q: want float32 or float16", f.dtype)
	case f.sum && f.integrate != "concat":
		return errors.New("--sum stands for the raw concatenation; leave --integrate out")
	case f.batch < 1:
		return fmt.Errorf("--batch-size %d: want at least 1", f.batch)
	case f.sum && !f.normalize:
		return errors.New("--sum is scaled by its nature; leave --normalize=false out")
	}
	return checkIntegrate(f.integrate)
}

// members are the models to integrate.
func (f *export) members(i mcl.Integrated) ([]mcl.Member, error) {
	if f.sum && !i.TextLocked {
		return nil, fmt.Errorf("--sum: the stages of %s have text towers of their own; it takes a run with --lock-text", f.run)
	}
	if f.stages == "" {
		return i.Stages, nil
	}
	var chosen []mcl.Member
	all := append(slices.Clone(i.Stages), i.Control...)
	for _, name := range strings.Split(f.stages, ",") {
		at := slices.IndexFunc(all, func(m mcl.Member) bool { return m.Name == strings.TrimSpace(name) })
		if at < 0 {
			return nil, fmt.Errorf("--stages: %s has no model %q; it has %s", f.run, name, names(all))
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

func names(members []mcl.Member) string {
	var list []string
	for _, m := range members {
		if !slices.Contains(list, m.Name) {
			list = append(list, m.Name)
		}
	}
	return strings.Join(list, ", ")
}

// write embeds every usable pair and writes it; memory does not grow with their number.
func (f *export) write(ctx context.Context, writer embedding.Writer, members []mcl.Member, index *data.Index, log *metrics.Logger, device torch.Device) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var paths []string
	for _, m := range members {
		paths = append(paths, filepath.Join(f.run, m.Dir))
	}
	towers, err := openTowers(paths, clip.Options{}, device)
	if err != nil {
		return err
	}
	defer towers.close()
	done := int64(0)
	for batch, err := range data.Sequential(ctx, index, f.batch, towers.transform, data.LoaderConfig{Workers: f.machine.workers, Buffer: 256 << 20, Prefetch: 2}) {
		if err != nil {
			return err
		}
		rows, err := towers.rows(batch, index, f.join)
		if err == nil {
			fault.Point("export.write")
			err = writer.Write(rows)
		}
		if err != nil {
			return err
		}
		done += int64(len(rows))
		log.Progress("embed", done, index.Usable(), "pairs")
	}
	return writer.Close()
}

// openRule finds the rule of integration.
func (f *export) openRule(members []mcl.Member) error {
	integration, err := mcl.OpenIntegration(f.run, f.integrate)
	if err != nil {
		return err
	}
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
	}
	f.rule, err = integration.Of(names...)
	return err
}

// join is how the features of the models become one embedding.
func (f *export) join(image bool, parts [][]float32) []float32 {
	rule := f.rule.Text
	if image {
		rule = f.rule.Image
	}
	switch {
	case f.sum && image:
		return mcl.Sum(parts...)
	case f.sum:
		return mcl.Concat(parts[:1]...)
	case f.normalize:
		return mcl.Concat(rule(parts))
	}
	return rule(parts)
}

// writer makes the writer of the format, with all that a reader must know about the embeddings.
func (f *export) writer(i mcl.Integrated, members []mcl.Member, source *data.Source) (embedding.Writer, error) {
	meta := embedding.Meta{
		Model: i.Model, Normalized: f.normalize && !f.sum, Metric: "cosine", DType: f.dtype,
		DataFingerprint: source.Fingerprint(), Build: version, Integration: f.integrate,
	}
	if f.sum {
		meta.Metric, meta.Integration = "ip", "concat, as a sum for one text tower"
	}
	if fusion, ok := f.rule.(*mcl.Fusion); ok {
		meta.Weights = fusion.Weights()
	}
	meta.Stages, meta.Dim = f.parts(members)
	if f.format == "npy" {
		return embedding.NewNPY(f.out, meta, embedding.Options{})
	}
	return embedding.NewParquet(f.out, meta, embedding.Options{})
}

// parts says which numbers of an embedding each model made, and how many there are in all. A sum cannot be cut.
func (f *export) parts(members []mcl.Member) (stages []embedding.Stage, dim int) {
	switch {
	case f.sum || f.integrate == "sum":
		return []embedding.Stage{{Name: "sum of " + names(members), Dim: members[0].Dim}}, members[0].Dim
	case f.integrate == mcl.None:
		members = members[len(members)-1:]
	}
	for _, m := range members {
		stages = append(stages, embedding.Stage{Name: m.Name, Offset: dim, Dim: m.Dim})
		dim += m.Dim
	}
	return stages, dim
}

// rowID names a pair by its shard's content and its place there, so that it stays the same wherever the file lies.
func rowID(source *data.Source, row int64) string {
	shard, local := source.Locate(row)
	return fmt.Sprintf("%.16s-%d", source.Shards()[shard].Fingerprint, local)
}
