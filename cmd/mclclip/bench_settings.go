package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/speed"
	"github.com/mclclip/mclclip/internal/torch"
)

// benchWork is a work with what our side needs for it.
type benchWork struct {
	speed.Work
	model   string // preset to use whatever --model says; "" uses --model
	towers  bool   // runs the model: batch, steps and precision matter
	float32 bool   // whatever --precision says
	format  string // of pictures that the other side writes into the material before; "" reads the material's own JPEG
	round   func(b *benchSide) (round func() (speed.Round, error), free func(), err error)
}

// benchWorks are in the order in which they are run: short ones first.
var benchWorks []benchWork

func init() { // the functions lead back to the list
	const rounding = 1e-4
	benchWorks = []benchWork{
		{Work: speed.Work{Name: "tokens-hf", Text: "captions to rows of 77 ids; tokenizers as in transformers' CLIPTokenizerFast, on one thread", Unit: "texts", PerCore: true}, round: (*benchSide).tokens},
		{Work: speed.Work{Name: "tokens-openclip", Text: "captions to rows of 77 ids; open_clip's tokenizer with its cache of words", Unit: "texts", PerCore: true}, round: (*benchSide).tokens},
		{Work: speed.Work{Name: "preprocess", Text: "JPEG to normalised pixels, decode, resize, crop, on one thread; Pillow and torchvision as in open_clip", Unit: "images", PerCore: true}, model: "ViT-B-32", round: (*benchSide).preprocess},
		{Work: speed.Work{Name: "preprocess-png", Text: "the same from PNG, as Pillow writes it", Unit: "images", PerCore: true}, model: "ViT-B-32", format: "png", round: (*benchSide).preprocess},
		{Work: speed.Work{Name: "preprocess-webp", Text: "the same from lossy WebP, as Pillow writes it", Unit: "images", PerCore: true}, model: "ViT-B-32", format: "webp", round: (*benchSide).preprocess},
		{Work: speed.Work{Name: "parquet", Text: "Parquet shards to encoded pairs, file in the page cache; pyarrow's iter_batches and to_pylist", Unit: "MB"}, round: (*benchSide).parquet},
		{Work: speed.Work{Name: "loader", Text: "an epoch of training batches, random crops, from Parquet; open_clip's CsvDataset and DataLoader from image files", Unit: "images", PerCore: true}, model: "ViT-B-32", round: (*benchSide).loader},
		{Work: speed.Work{Name: "start", Text: "a whole mclclip mmvp with a tiny model; a Python process that does the published evaluation's steps with open_clip", Unit: "runs"}, model: "tiny", round: (*benchSide).start},
		{Work: speed.Work{Name: "embed-texts", Text: "captions to features, tokens included, without a graph, always float32; open_clip in inference mode", Unit: "texts", Tolerance: rounding}, towers: true, float32: true, round: (*benchSide).embedTexts},
		{Work: speed.Work{Name: "embed-images", Text: "pixels to features without a graph, always float32; open_clip in inference mode", Unit: "images", Tolerance: rounding}, towers: true, float32: true, round: (*benchSide).embedImages},
		{Work: speed.Work{Name: "finetune-locked", Text: "training steps with the text tower locked (captions were embedded before, once for all epochs and stages) and the last 6 groups of the image tower open; open_clip's step with --lock-text --lock-image", Unit: "pairs", Tolerance: rounding}, towers: true, round: (*benchSide).finetuneLocked},
		{Work: speed.Work{Name: "stages", Text: "a whole mclclip finetune of two stages by the paper's recipe (K = 2, one pass each) and its mmvp; the steps of MCL's authors in one Python process: open_clip, DataLoader, scikit-learn's MiniBatchKMeans, the benchmark with the models' features together", Unit: "pairs"}, towers: true, round: (*benchSide).stages},
		{Work: speed.Work{Name: "finetune", Text: "training steps of the whole model, forward, loss, backward, AdamW; open_clip's step", Unit: "pairs", Tolerance: rounding}, towers: true, round: (*benchSide).finetune},
	}
}

func workOf(name string) (benchWork, error) {
	var names []string
	for _, w := range benchWorks {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	return benchWork{}, fmt.Errorf("--work %q: want %s", name, strings.Join(names, ", "))
}

// bf16Tolerance is that of losses under autocast: bfloat16 has 8 bits, and the two sides add in different orders.
const bf16Tolerance = 2e-2

// benchSettings are the flags that both sides take.
type benchSettings struct {
	work      string
	material  string
	model     string
	batch     int
	steps     int
	precision string
	device    string
	threads   int
	workers   int
}

func defaultBenchSettings() benchSettings {
	return benchSettings{model: "ViT-B-32", batch: 64, steps: 2, precision: "fp32", device: "cpu", workers: 2}
}

func (b *benchSettings) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "model", Usage: "architecture `NAME` of works with towers", Value: b.model, Destination: &b.model},
		&cli.IntFlag{Name: "batch-size", Usage: "pairs in a batch", Value: b.batch, Destination: &b.batch},
		&cli.IntFlag{Name: "steps", Usage: "batches of a round of works with towers", Value: b.steps, Destination: &b.steps},
		&cli.StringFlag{Name: "precision", Usage: "`fp32` or amp_bf16", Value: b.precision, Destination: &b.precision},
		&cli.StringFlag{Name: "device", Usage: "`cpu`, cuda or cuda:N, of works with towers", Value: b.device, Destination: &b.device},
		&cli.IntFlag{Name: "threads", Usage: "threads of one operation; 0: one a processor", Destination: &b.threads},
		&cli.IntFlag{Name: "workers", Usage: "images that the loaders decode at once", Value: b.workers, Destination: &b.workers},
	}
}

func (b *benchSettings) check() error {
	if b.threads == 0 {
		b.threads = runtime.NumCPU()
	}
	for flag, value := range map[string]int{"batch-size": b.batch, "steps": b.steps, "threads": b.threads, "workers": b.workers} {
		if value < 1 || value > 1<<20 {
			return fmt.Errorf("--%s %d: want at least 1", flag, value)
		}
	}
	if b.precision != "fp32" && b.precision != "amp_bf16" {
		return fmt.Errorf("--precision %q: want fp32 or amp_bf16", b.precision)
	}
	if _, err := torch.ParseDevice(b.device); err != nil {
		return err
	}
	return nil
}

// args are the settings as a side reads them.
func (b *benchSettings) args() []string {
	return []string{
		"--work", b.work, "--material", b.material, "--model-folder", b.model, "--batch-size", strconv.Itoa(b.batch), "--steps", strconv.Itoa(b.steps),
		"--precision", b.precision, "--device", b.device, "--threads", strconv.Itoa(b.threads), "--workers", strconv.Itoa(b.workers),
	}
}

// text says for a report what matters to a work.
func (b *benchSettings) text(w benchWork) string {
	switch {
	case w.towers:
		where := fmt.Sprintf("%d threads", b.threads)
		if b.device != "cpu" {
			where = b.device
		}
		return fmt.Sprintf("%s, batch %d, %s, %s, %d steps a round", filepath.Base(b.model), b.batch, b.precision, where, b.steps)
	case w.Name == "loader":
		return fmt.Sprintf("batch %d, %d workers", b.batch, b.workers)
	}
	return ""
}
