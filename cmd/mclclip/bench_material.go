package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/bench/speed"
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

// prepare makes the material in the cache folder where it is not there yet: pairs as files and as Parquet, a small
// benchmark, and models with random weights, which take as long as others.
func (f *benchSpeed) prepare(ctx context.Context, log *metrics.Logger) error {
	f.settings.material = filepath.Join(f.cache, fmt.Sprintf("material-%d", f.pairs))
	if _, err := os.Stat(f.settings.material); err != nil {
		log.Printf("making %d pairs in %s", f.pairs, f.settings.material)
		if err := os.MkdirAll(f.cache, 0o777); err != nil {
			return err
		}
		if err := atomicfile.WriteDir(f.settings.material, func(dir string) error { return writeMaterial(ctx, dir, f.pairs) }); err != nil {
			return err
		}
	}
	names := map[string]bool{f.settings.model: true}
	for _, w := range benchWorks {
		if w.model != "" && f.chosen(w) {
			names[w.model] = true
		}
	}
	for name := range names {
		if err := makeModel(name, filepath.Join(f.cache, "models", name)); err != nil {
			return fmt.Errorf("--model: %w", err)
		}
	}
	f.settings.model = filepath.Join(f.cache, "models", f.settings.model)
	if f.plain {
		return f.writeArrays(ctx)
	}
	return nil
}

// writeArrays leaves the pairs as a side without Pillow and tokenizers can read them: 8-bit pixels [n, 3, S, S] and ids
// [n, context].
func (f *benchSpeed) writeArrays(ctx context.Context) error {
	model, pre, err := clip.ReadConfig(f.settings.model)
	if err != nil {
		return err
	}
	dir := filepath.Join(f.settings.material, fmt.Sprintf("arrays-%d-%d", pre.Size, model.Text.ContextLength))
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	side := &benchSide{benchSettings: f.settings, ctx: ctx}
	side.steps, side.batch = 1, f.pairs
	batches, err := side.batches(model, pre)
	if err != nil {
		return err
	}
	return atomicfile.WriteDir(dir, func(tmp string) error {
		if err := os.WriteFile(filepath.Join(tmp, "pixels.u8"), batches[0].Images, 0o666); err != nil {
			return err
		}
		ids, err := binary.Append(nil, binary.LittleEndian, batches[0].Tokens)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(tmp, "tokens.i32"), ids, 0o666)
	})
}

func makeModel(name, dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	c, err := clip.Preset(name)
	if err != nil {
		return err
	}
	model, err := clip.New(c, 0, torch.CPU)
	if err != nil {
		return err
	}
	defer model.Close()
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return err
	}
	return model.Save(dir, clip.DefaultPreprocess(c))
}

func writeMaterial(ctx context.Context, dir string, pairs int) error {
	r := rand.New(rand.NewPCG(uint64(pairs), 0))
	if err := os.Mkdir(filepath.Join(dir, "images"), 0o777); err != nil {
		return err
	}
	writer, err := data.NewWriter(filepath.Join(dir, "pairs"), "pairs", data.WriterOptions{})
	if err != nil {
		return err
	}
	defer writer.Close()
	var captions []string
	var questions []mmvp.Item
	for i := range pairs {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		photo, err := speed.Photo(r)
		if err != nil {
			return err
		}
		key, caption := fmt.Sprintf("%06d", i), speed.Caption(r)
		captions = append(captions, caption)
		if err := os.WriteFile(filepath.Join(dir, "images", key+".jpg"), photo, 0o666); err != nil {
			return err
		}
		if err := writer.Write(data.WriterRow{Image: photo, Caption: caption, Key: key}); err != nil {
			return err
		}
		questions = addQuestion(questions, i, caption, photo)
	}
	if err := writer.Close(); err != nil {
		return err
	}
	if err := mmvp.Write(filepath.Join(dir, "mmvp"), questions); err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(dir, "captions.txt"), func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Join(captions, "\n")+"\n")
		return err
	})
}

// addQuestion makes a benchmark of the first pairs; it has as many questions as MMVP-VLM, or what there are pairs for.
func addQuestion(questions []mmvp.Item, i int, caption string, photo []byte) []mmvp.Item {
	const most = 135
	if i%2 == 0 && len(questions) < most {
		return append(questions, mmvp.Item{Pattern: "Any", Statements: [2]string{caption}, Images: [2][]byte{photo}})
	}
	if last := len(questions) - 1; i/2 == last {
		questions[last].Statements[1], questions[last].Images[1] = caption, photo
	}
	return questions
}
