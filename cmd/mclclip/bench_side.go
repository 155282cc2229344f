package main

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/speed"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/text/tokenizer"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// benchSide is our side of a comparison.
type benchSide struct {
	benchSettings
	ctx context.Context
}

func benchSideCommand(s streams) *cli.Command {
	b := &benchSide{benchSettings: defaultBenchSettings()}
	flags := slices.DeleteFunc(b.flags(), func(f cli.Flag) bool { return f.Names()[0] == "model" })
	return &cli.Command{
		Name:        "side",
		Hidden:      true, // for bench speed alone
		Usage:       "one side of a comparison",
		Description: "bench speed starts it. Prepares the work, prints a line, and then answers each line \"round\" on standard input with a line\nof JSON: what was done, in which time, and what came out.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "work", Usage: "`NAME` of the work", Destination: &b.work},
			&cli.StringFlag{Name: "material", Usage: "`FOLDER` with pairs", Destination: &b.material},
			&cli.StringFlag{Name: "model-folder", Usage: "`FOLDER` with weights", Destination: &b.benchSettings.model},
		}, flags...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			b.ctx = c.Context
			return b.serve(s)
		},
	}
}

func (b *benchSide) serve(s streams) error {
	w, err := workOf(b.work)
	if err == nil {
		err = b.check()
	}
	if err != nil {
		return &exitError{codeUsage, err}
	}
	if err := require("material", b.material, "the folder that bench speed makes"); err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	torch.SetThreads(b.threads)
	round, free, err := w.round(b)
	if err != nil {
		return err
	}
	defer free()
	return speed.Serve(s.stdin, s.stdout, func() (speed.Round, error) { return speed.Measure(b.withMemory(round)) })
}

// withMemory makes the memory of a round on a GPU that of the GPU.
func (b *benchSide) withMemory(round func() (speed.Round, error)) func() (speed.Round, error) {
	device := b.where()
	if device == torch.CPU {
		return round
	}
	return func() (r speed.Round, err error) {
		defer torch.Recover(&err)
		r, err = round()
		r.Memory = torch.PeakMemory(device)
		return r, err
	}
}

func nothing() {}

func (b *benchSide) captions() ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(b.material, "captions.txt"))
	return strings.Split(strings.TrimSpace(string(raw)), "\n"), err
}

func (b *benchSide) source() (*data.Source, error) {
	return data.Open([]string{filepath.Join(b.material, "pairs", "*.parquet")}, data.Options{})
}

// index takes every row as usable; the material has no others.
func (b *benchSide) index() (*data.Index, error) {
	source, err := b.source()
	if err != nil {
		return nil, err
	}
	return data.Scan(b.ctx, source, nil, nil, data.ScanConfig{})
}

// tokens is on one goroutine, as the other side is on one thread.
func (b *benchSide) tokens() (func() (speed.Round, error), func(), error) {
	texts, err := b.captions()
	words := tokenizer.New()
	return func() (speed.Round, error) {
		const context = 77
		rows := make([]int32, context*len(texts))
		for i, text := range texts {
			words.Row(rows[i*context:(i+1)*context], text)
		}
		raw, err := binary.Append(nil, binary.LittleEndian, rows)
		return speed.Round{Items: float64(len(texts)), Values: []float64{float64(crc32.ChecksumIEEE(raw))}}, err
	}, nothing, err
}

// preprocess ends with normalised floats, as the other side's transform does; training normalises on the device.
func (b *benchSide) preprocess() (func() (speed.Round, error), func(), error) {
	torch.SetThreads(1)
	config, pre, err := clip.ReadConfig(b.model)
	if err != nil {
		return nil, nil, err
	}
	config.Vision.Layers, config.Text.Layers, config.Text.VocabSize = 1, 1, 1 // the size of the pixels is all that matters
	model, err := clip.New(config, 0, torch.CPU)
	if err != nil {
		return nil, nil, err
	}
	inputs := clip.NewInputs(model, pre)
	images, err := preprocess.New(pre)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := b.pictures()
	if err != nil {
		return nil, nil, err
	}
	return func() (r speed.Round, err error) {
		defer torch.Recover(&err)
		pixels, check := make([]uint8, 3*pre.Size*pre.Size), uint32(0)
		for i, raw := range encoded {
			if err := images.Eval(pixels, raw); err != nil {
				return r, err
			}
			scope := torch.NewScope()
			floats := inputs.Pixels(scope, pixels, 0, 1)
			if i%16 == 0 { // a copy and a checksum of all would be a part of the time
				check = crc32.Update(check, crc32.IEEETable, floats.Bytes())
			}
			scope.Close()
		}
		return speed.Round{Items: float64(len(encoded)), Values: []float64{float64(check)}}, nil
	}, func() { inputs.Free(); model.Close() }, nil
}

// pictures reads the pictures of the work's format, in the order of their names.
func (b *benchSide) pictures() (encoded [][]byte, err error) {
	w, err := workOf(b.work)
	if err != nil {
		return nil, err
	}
	folder, extension := "images", "jpg"
	if w.format != "" {
		folder, extension = w.format, w.format
	}
	files, err := filepath.Glob(filepath.Join(b.material, folder, "*."+extension))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, raw)
	}
	return encoded, err
}

// parquet reads pairs and leaves their images alone.
func (b *benchSide) parquet() (func() (speed.Round, error), func(), error) {
	index, err := b.index()
	return func() (r speed.Round, err error) {
		size := 0
		pairs := data.Transform{Image: func(_ []uint8, encoded []byte, _ uint64) error { size += len(encoded); return nil }}
		for batch, err := range data.Sequential(b.ctx, index, 64, pairs, data.LoaderConfig{Workers: 1}) {
			if err != nil {
				return r, err
			}
			for _, captions := range batch.Captions {
				size += len(captions[0])
			}
		}
		return speed.Round{Items: float64(size) / 1e6, Values: []float64{float64(size)}}, nil
	}, nothing, err
}

// loader delivers one epoch of whole batches after the other.
func (b *benchSide) loader() (func() (speed.Round, error), func(), error) {
	index, err := b.index()
	if err != nil {
		return nil, nil, err
	}
	model, pre, err := clip.ReadConfig(b.model)
	if err != nil {
		return nil, nil, err
	}
	transform, err := mcl.TrainTransform(model, pre, 0.9)
	if err != nil {
		return nil, nil, err
	}
	return func() (r speed.Round, err error) {
		batches := int(index.Usable()) / b.batch
		loader := data.NewLoader(b.ctx, index, data.NewPlain(b.batch, nil), data.Cursor{}, transform, data.LoaderConfig{Workers: b.workers})
		defer loader.Close()
		pairs, ends := 0, 0
		for range batches {
			batch, err := loader.Next()
			if err != nil {
				return r, err
			}
			pairs += len(batch.Rows)
			for _, id := range batch.Tokens {
				if id == tokenizer.EOT {
					ends++
				}
			}
			loader.Recycle(batch)
		}
		return speed.Round{Items: float64(pairs), Values: []float64{float64(pairs), float64(ends)}}, nil
	}, nothing, nil
}
