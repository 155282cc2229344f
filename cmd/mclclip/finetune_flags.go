package main

import "github.com/urfave/cli/v2"

func (f *finetune) flags() []cli.Flag {
	t := &f.cfg.Train
	return []cli.Flag{
		&cli.StringFlag{Name: "out", Usage: "run `FOLDER` to write", Destination: &f.out},
		&cli.GenericFlag{Name: "resume", Usage: "go on with the run in --out where it stopped; where there is none, --resume `latest` starts it, --resume alone is an error", Value: &f.resume},
		&cli.BoolFlag{Name: "allow-changes", Usage: "with --resume: go on even if pairs or settings are others than before; the log names them", Destination: &f.changes},
		&cli.IntFlag{Name: "stages", Usage: "models to train after the base model, N", Value: f.cfg.Stages, Destination: &f.cfg.Stages},
		&cli.IntFlag{Name: "clusters", Usage: "clusters of each stage, K; K^N may be at most pairs x groups / batch", Value: f.cfg.Clusters, Destination: &f.cfg.Clusters},
		&cli.StringFlag{Name: "cluster-on", Usage: "what is clustered: `image`, text, or both, which makes K x K clusters a stage", Value: f.cfg.ClusterOn, Destination: &f.cfg.ClusterOn},
		&cli.Float64Flag{Name: "balance", Usage: "largest cluster over the mean, such as 1.5: rows that lose least by it go to the next cluster with room; 0 leaves sizes as they come", Destination: &f.cfg.KMeans.Balance},
		&cli.IntFlag{Name: "groups", Usage: "labels in a batch, G, each with batch/G pairs that see only one another (1: the paper's batch)", Value: t.Groups, Destination: &t.Groups},
		&cli.Float64Flag{Name: "hard-fraction", Usage: "share of a stage's batches that are made of such groups; the others are ordinary ones", Value: t.HardFraction, Destination: &t.HardFraction},
		&cli.Float64Flag{Name: "tau", Usage: "temperature that the stages and controls start from; 0: that of the weights", Destination: &f.cfg.Tau},
		&cli.BoolFlag{Name: "control", Usage: "also train as many models on ordinary batches, to compare with", Destination: &f.cfg.Control},
		&cli.StringFlag{Name: "init", Usage: "a stage starts from the `base` weights or from the previous stage's", Value: f.cfg.Init, Destination: &f.cfg.Init},
		&cli.StringFlag{Name: "negatives", Usage: "`cluster`, or random: every stage on ordinary batches", Value: f.cfg.Negatives, Destination: &f.cfg.Negatives},
		&cli.IntFlag{Name: "base-steps", Usage: "optimisation steps of the base model before the first stage", Destination: &f.cfg.Base.Steps},
		&cli.Float64Flag{Name: "base-lr", Usage: "peak learning rate of the base model", Value: 5e-4, Destination: &f.cfg.Base.LR},
		&cli.IntFlag{Name: "steps", Usage: "optimisation steps of each stage; 0 takes --epochs", Destination: &t.Steps},
		&cli.Float64Flag{Name: "epochs", Usage: "passes over the pairs in each stage", Value: 1, Destination: &f.epochs},
		&cli.IntFlag{Name: "batch-size", Usage: "pairs in one forward pass", Value: t.BatchSize, Destination: &t.BatchSize},
		&cli.IntFlag{Name: "accum-freq", Usage: "forward passes in one step; the loss is that of the whole batch", Value: t.AccumFreq, Destination: &t.AccumFreq},
		&cli.Float64Flag{Name: "lr", Usage: "peak learning rate of the stages", Value: t.LR, Destination: &t.LR},
		&cli.Float64Flag{Name: "wd", Usage: "weight decay", Value: t.WeightDecay, Destination: &t.WeightDecay},
		&cli.IntFlag{Name: "warmup", Usage: "steps of linear warm-up", Value: t.Warmup, Destination: &t.Warmup},
		&cli.StringFlag{Name: "lr-scheduler", Usage: "`cosine` or const", Value: t.Scheduler, Destination: &t.Scheduler},
		&cli.Float64Flag{Name: "grad-clip-norm", Usage: "largest norm of the gradient; 0 leaves it", Value: t.GradClip, Destination: &t.GradClip},
		&cli.StringFlag{Name: "precision", Usage: "`fp32` or amp_bf16", Value: t.Precision, Destination: &t.Precision},
		&cli.BoolFlag{Name: "grad-checkpointing", Usage: "compute the transformers' activations twice and keep none: less memory, a third more time, the same result", Destination: &t.GradCheckpointing},
		&cli.Float64Flag{Name: "aug-scale", Usage: "smallest share of an image's area that the random crop of training keeps; 1 does not crop", Value: f.cfg.AugScale, Destination: &f.cfg.AugScale},
		&cli.BoolFlag{Name: "exif", Usage: "turn images as their EXIF orientation says; open_clip does not", Destination: &f.exif},
		&cli.Int64Flag{Name: "buffer", Usage: "`MB` of pairs that wait in memory for their batch; what is over waits on disk", Value: 1024, Destination: &f.buffer},
		&cli.StringFlag{Name: "save-every", Usage: "steps (500), time (10m) or epoch, between checkpoints; several with commas", Value: "10m", Destination: &f.saveEvery},
		&cli.IntFlag{Name: "keep", Usage: "checkpoints of a model that stay", Value: t.Keep, Destination: &t.Keep},
		&cli.StringFlag{Name: "profile", Usage: "`FILE` of a trace of where the time goes, which Perfetto opens; the log names the bottleneck", Destination: &f.profile},
		&cli.IntFlag{Name: "log-every-n-steps", Usage: "steps between lines of the log", Value: 50, Destination: &f.logEvery},
		&cli.Uint64Flag{Name: "seed", Usage: "of weights, order and clusters", Destination: &f.cfg.Seed},
	}
}
