package mcl

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/fault"
	"github.com/mclclip/mclclip/internal/torch"
)

// captionsDir holds, while the stages of a run with a locked text tower train, the features of all captions.
const captionsDir = "captions"

const captionCounts = "counts.u16" // of each row of the source

// CaptionFeatures are the raw text features of every caption of a data set, on disk. A text tower that keeps its weights
// gives a caption the same features in every epoch and stage, so they are computed once. They are float32 whatever the
// precision of training is, and do not depend on the batches of training.
type CaptionFeatures struct {
	file  *os.File
	width int
	first []int64 // [rows+1] place of the first caption of each row of the source
}

// SaveCaptions embeds all captions of the usable rows, in row order, and leaves them in the folder dir, which appears whole
// or not at all.
func SaveCaptions(ctx context.Context, dir string, encoder *clip.Encoder, index *data.Index, cfg data.LoaderConfig, progress func(rows int64)) error {
	return atomicfile.WriteDir(dir, func(tmp string) error {
		counts := make([]uint16, index.Source().Rows())
		blocks := captionBlocks(ctx, encoder, index, cfg, counts, progress)
		if _, err := SaveFeatures(filepath.Join(tmp, featuresFile), encoder.Model.Config.EmbedDim, blocks); err != nil {
			return err
		}
		return atomicfile.WriteFile(filepath.Join(tmp, captionCounts), func(w io.Writer) error {
			return binary.Write(w, binary.LittleEndian, counts)
		})
	})
}

// captionBlocks yields the features [n, E] of the captions of some rows after the other, and counts them by row.
func captionBlocks(ctx context.Context, encoder *clip.Encoder, index *data.Index, cfg data.LoaderConfig, counts []uint16, progress func(rows int64)) iter.Seq2[[]float32, error] {
	const rowsAtOnce = 1024
	return func(yield func([]float32, error) bool) {
		done := int64(0)
		for batch, err := range data.Sequential(ctx, index, rowsAtOnce, data.Transform{}, cfg) {
			var block []float32
			if err == nil {
				fault.Point("mcl.captions")
				block, err = embedCaptions(encoder, batch, counts)
			}
			if !yield(block, err) || err != nil {
				return
			}
			done += int64(len(batch.Rows))
			progress(done)
		}
	}
}

func embedCaptions(encoder *clip.Encoder, batch data.Batch, counts []uint16) (block []float32, err error) {
	var texts []string
	for i, row := range batch.Rows {
		if len(batch.Captions[i]) > math.MaxUint16 {
			return nil, fmt.Errorf("row %d has %d captions, at most %d can be used", row, len(batch.Captions[i]), math.MaxUint16)
		}
		counts[row] = uint16(len(batch.Captions[i]))
		texts = append(texts, batch.Captions[i]...)
	}
	features, err := encoder.Texts(texts)
	for _, f := range features {
		block = append(block, f...)
	}
	return block, err
}

// OpenCaptions opens what SaveCaptions wrote for an encoder of this width and this data set.
func OpenCaptions(dir string, width int, index *data.Index) (*CaptionFeatures, error) {
	raw, err := os.ReadFile(filepath.Join(dir, captionCounts))
	if err != nil {
		return nil, fmt.Errorf("captions: %w", err)
	}
	if int64(len(raw)) != 2*index.Source().Rows() {
		return nil, fmt.Errorf("captions %s: %d bytes of counts are not those of %d rows; delete the folder", dir, len(raw), index.Source().Rows())
	}
	c := &CaptionFeatures{width: width, first: make([]int64, index.Source().Rows()+1)}
	for row := range c.first[1:] {
		c.first[row+1] = c.first[row] + int64(binary.LittleEndian.Uint16(raw[2*row:]))
	}
	features, err := OpenFeatures(filepath.Join(dir, featuresFile), width)
	if err != nil {
		return nil, err
	}
	if total := c.first[len(c.first)-1]; features.Len() != total {
		return nil, fmt.Errorf("captions %s: features of %d captions, want %d; delete the folder", dir, features.Len(), total)
	}
	c.file, err = os.Open(features.path)
	return c, err
}

// Close closes the file; there may be none.
func (c *CaptionFeatures) Close() error {
	if c == nil {
		return nil
	}
	return c.file.Close()
}

// Features reads the features [n, E] of one caption for each of n rows; choice counts the captions of a row.
func (c *CaptionFeatures) Features(rows []int64, choice []int32) ([]float32, error) {
	out := make([]float32, 0, len(rows)*c.width)
	raw := make([]byte, 4*c.width)
	for i, row := range rows {
		place := c.first[row] + int64(choice[i])
		if choice[i] < 0 || place >= c.first[row+1] {
			return nil, fmt.Errorf("captions: row %d has %d, number %d is wanted", row, c.first[row+1]-c.first[row], choice[i])
		}
		if _, err := c.file.ReadAt(raw, place*int64(len(raw))); err != nil {
			return nil, fmt.Errorf("captions: row %d: %w", row, err)
		}
		for j := range c.width {
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(raw[4*j:])))
		}
	}
	return out, nil
}

// captions returns the features of all captions where the text tower keeps its weights in a phase and as many pairs are trained on as there
// are, and nil otherwise: a short run is over before all captions are embedded. Whether they are used follows from the
// settings alone, so that a resumed run computes what an uninterrupted one does.
func (r *Run) captions(ctx context.Context, p phase) (*CaptionFeatures, error) {
	if p.stage == 0 || !r.cfg.Lock.textStays() || r.lockedPairs() < r.index.Usable() {
		return nil, nil
	}
	base := filepath.Join(r.dir, baseDir, modelDir)
	model, _, err := clip.ReadConfig(base)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(r.dir, captionsDir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := r.embedCaptions(ctx, p, base, dir); err != nil {
			return nil, err
		}
	}
	return OpenCaptions(dir, model.EmbedDim, r.index)
}

// lockedPairs is how many pairs the stages and controls take together, with repetition.
func (r *Run) lockedPairs() int64 {
	models := r.cfg.Stages
	if r.cfg.Control {
		models *= 2
	}
	return int64(models) * int64(r.cfg.Train.Steps) * int64(r.cfg.Train.GlobalBatch())
}

func (r *Run) embedCaptions(ctx context.Context, p phase, base, dir string) (err error) {
	defer torch.Recover(&err)
	if _, err := atomicfile.RemoveLeftovers(r.dir); err != nil { // of a run that was killed meanwhile
		return err
	}
	encoder, err := clip.OpenEncoder(base, r.device)
	if err != nil {
		return err
	}
	defer encoder.Close()
	r.log.Printf("%s: the text tower is locked; embedding every caption once", p.name)
	return SaveCaptions(ctx, dir, encoder, r.index, r.loaderConfig(p), func(rows int64) {
		r.log.Progress("embed captions", rows, r.index.Usable(), "pairs")
	})
}
